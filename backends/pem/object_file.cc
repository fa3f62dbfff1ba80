#include "backends/pem/object_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "backends/pem/decode.h"
#include "backends/pem/form.h"
#include "keystore/file.h"

namespace keystore::pem {
namespace {

/// Leaves out what is no object; EC parameters go to the key that they stand before.
std::vector<Block> objects_among(std::vector<Block> blocks) {
  std::vector<Block> objects;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (form_of(blocks[i]) == Form::ignored) continue;
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
  std::vector<Block> blocks;
  Block whole = whole_file_block(content->view());
  if (whole.fault) blocks = scan_blocks(as_text(content->view()));
  if (blocks.empty()) blocks.push_back(std::move(whole));
  if (blocks.front().der && blocks.front().fault) {
    return fail(Errc::malformed,
                fmt::format("cannot read {}: {}", path, blocks.front().fault->message));
  }
  return ObjectFile(path, std::move(*content), objects_among(std::move(blocks)));
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
