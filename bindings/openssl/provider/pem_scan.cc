#include "bindings/openssl/provider/pem_scan.h"

#include <openssl/bio.h>

#include <array>
#include <string_view>

#include "keystore/reference.h"

namespace keystore::provider {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view dashes = "-----";
constexpr std::size_t largest_block = 64 * 1024;

// One line with its line end; empty at the end of the input.
std::string read_line(const Core& core, OSSL_CORE_BIO* input) {
  std::string line;
  std::array<char, 1024> part = {};
  while (line.size() < largest_block) {
    const int size = core.bio_gets(input, part.data(), static_cast<int>(part.size()));
    if (size <= 0) break;
    line.append(part.data(), static_cast<std::size_t>(size));
    if (line.back() == '\n') break;
  }
  return line;
}

// The label of a line that begins a block; empty for other lines.
std::string_view label_of(std::string_view line) {
  if (!line.starts_with(begin_mark)) return {};
  line.remove_prefix(begin_mark.size());
  const auto end = line.find(dashes);
  return end == std::string_view::npos ? std::string_view() : line.substr(0, end);
}

bool is_ours(std::string_view label) {
  return label == Reference::pem_label || label == Reference::pkcs11_provider_pem_label;
}

// What follows the BEGIN line, through the END line.
std::string read_rest(const Core& core, OSSL_CORE_BIO* input) {
  std::string text;
  while (text.size() < largest_block) {
    const auto line = read_line(core, input);
    text += line;
    if (line.empty() || line.starts_with(end_mark)) break;
  }
  return text;
}

long tell(const Core& core, OSSL_CORE_BIO* input) {
  return core.bio_ctrl(input, BIO_C_FILE_TELL, 0, nullptr);
}

}  // namespace

std::optional<std::string> scan_for_reference(const Core& core, OSSL_CORE_BIO* input,
                                              bool skip_foreign) {
  std::optional<long> behind_first;
  for (auto line = read_line(core, input); !line.empty(); line = read_line(core, input)) {
    const auto label = label_of(line);
    if (label.empty()) continue;
    if (is_ours(label)) return line + read_rest(core, input);
    const bool for_others = label.ends_with("PRIVATE KEY");
    read_rest(core, input);
    if (!behind_first) behind_first = tell(core, input);
    if (for_others || !skip_foreign) break;
  }
  if (behind_first && *behind_first >= 0) {
    core.bio_ctrl(input, BIO_C_FILE_SEEK, *behind_first, nullptr);
  }
  return std::nullopt;
}

}  // namespace keystore::provider
