#include "backends/pem/object_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "backends/pem/decode.h"
#include "backends/pem/form.h"
#include "backends/pem/pkcs7.h"
#include "keystore/file.h"

namespace keystore::pem {
namespace {

/// Each certificate of a PKCS#7 block; the block itself where it cannot be read.
void add_members(std::vector<Block>& objects, const Block& block, std::string_view text) {
  const auto octets = block_octets(block, text);
  auto certificates = octets ? certificates_in_pkcs7(octets->view()) : Failure(octets.error());
  if (!certificates || certificates->empty()) {
    objects.push_back(block);
    return;
  }
  for (auto& certificate : *certificates) {
    objects.push_back(block);
    objects.back().member = std::move(certificate);
  }
}

/// Leaves out what is no object; EC parameters go to the key that they stand before.
std::vector<Block> objects_among(std::vector<Block> blocks, std::string_view text) {
  std::vector<Block> objects;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (form_of(blocks[i]) == Form::ignored) continue;
    if (form_of(blocks[i]) == Form::pkcs7) {
      add_members(objects, blocks[i], text);
      continue;
    }
    if (i > 0 && blocks[i].label == "EC PRIVATE KEY" && blocks[i - 1].label == "EC PARAMETERS") {
      blocks[i].parameters.push_back(blocks[i - 1]);
    }
    objects.push_back(std::move(blocks[i]));
  }
  return objects;
}

}  // namespace

Result<ObjectFile> ObjectFile::read(const std::string& path) {
  auto content = read_file(path);
  if (!content) return Failure(content.error());
  return parse(path, std::move(*content));
}

Result<ObjectFile> ObjectFile::parse(const std::string& path, Secret content) {
  std::vector<Block> blocks;
  Block whole = whole_file_block(content.view());
  const auto text = as_text(content.view());
  if (whole.fault) blocks = scan_blocks(text);
  if (blocks.size() > most_blocks) {
    return fail(Errc::unsupported,
                fmt::format("cannot read {}: it has more than {} PEM blocks", path, most_blocks));
  }
  if (blocks.empty()) blocks.push_back(std::move(whole));
  if (blocks.front().der && blocks.front().fault) {
    return fail(Errc::malformed,
                fmt::format("cannot read {}: {}", path, blocks.front().fault->message));
  }
  auto objects = objects_among(std::move(blocks), text);
  return ObjectFile(path, std::move(content), std::move(objects));
}

bool ObjectFile::is_der() const noexcept { return !objects_.empty() && objects_.front().der; }

bool ObjectFile::is_pkcs12() const noexcept {
  return is_der() && form_of(objects_.front()) == Form::pkcs12;
}

Uri ObjectFile::uri_of(std::size_t object) const {
  const Uri uri = Uri::from_path(path_);
  if (objects_.size() == 1) return uri;
  return uri.with_query_attribute("index", std::to_string(object + 1));
}

Result<Entry> ObjectFile::describe(std::size_t object) const {
  Entry base{.uri = uri_of(object), .label = std::filesystem::path(path_).stem()};
  auto entry = pem::describe(objects_[object], text(), std::move(base));
  if (!entry) return Failure(in_block(*this, object, entry.error()));
  return entry;
}

Error in_block(const ObjectFile& file, std::size_t object, Error error) {
  const Block& block = file.objects()[object];
  error.message = block.der ? fmt::format("cannot read {}: {}", file.path(), error.message)
                            : fmt::format("cannot read '{}' at offset {} of {}: {}", block.label,
                                          block.begin, file.path(), error.message);
  return error;
}

}  // namespace keystore::pem
