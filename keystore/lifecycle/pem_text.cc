#include "keystore/lifecycle/internal/pem_text.h"

#include "keystore/internal/pem_lines.h"

namespace keystore::lifecycle {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view dashes = "-----";

/// The label of a BEGIN or END line; empty for other lines.
std::string_view label_of(std::string_view line, std::string_view mark) {
  line = pem::trim_right(line);
  if (!line.starts_with(mark) || !line.ends_with(dashes)) return {};
  if (line.size() < mark.size() + dashes.size()) return {};
  return line.substr(mark.size(), line.size() - mark.size() - dashes.size());
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with(pem::byte_order_mark)) text.remove_prefix(pem::byte_order_mark.size());
  return text;
}

bool belongs_to_key(const PemBlock& block) noexcept {
  return holds_private_key(block) || block.label == "EC PARAMETERS";
}

}  // namespace

std::vector<PemBlock> pem_blocks(std::string_view text) {
  std::vector<PemBlock> blocks;
  std::string_view open;  // the label of a block that has begun; empty: none has
  const char* begin = nullptr;
  for (auto rest = without_byte_order_mark(text); !rest.empty();) {
    const char* const start = rest.data();
    const auto line = pem::take_line(rest);
    if (const auto label = label_of(line, begin_mark); !label.empty()) {
      open = label;
      begin = start;
    } else if (!open.empty() && label_of(line, end_mark) == open) {
      blocks.push_back({open, std::string_view(begin, rest.data())});
      open = {};
    }
  }
  return blocks;
}

bool holds_private_key(const PemBlock& block) noexcept {
  return block.label.ends_with("PRIVATE KEY");
}

std::string with_reference(std::string_view text, std::string_view reference) {
  std::string result(reference);
  const auto blocks = pem_blocks(text);
  if (blocks.empty()) return result;
  const char* at = without_byte_order_mark(text).data();
  for (const auto& block : blocks) {
    if (!belongs_to_key(block)) continue;
    result.append(at, block.text.data());
    at = block.text.data() + block.text.size();
  }
  return result.append(at, text.data() + text.size());
}

}  // namespace keystore::lifecycle
