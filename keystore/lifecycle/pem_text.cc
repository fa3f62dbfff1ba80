#include "keystore/lifecycle/internal/pem_text.h"

namespace keystore::lifecycle {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view dashes = "-----";

/// The next line of `text` from `at`, with its line end; `at` moves behind it.
std::string_view next_line(std::string_view text, std::size_t& at) {
  const auto end = text.find('\n', at);
  const auto line = text.substr(at, end == text.npos ? text.npos : end + 1 - at);
  at += line.size();
  return line;
}

/// The label of a BEGIN or END line; empty for other lines.
std::string_view label_of(std::string_view line, std::string_view mark) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) {
    line.remove_suffix(1);
  }
  if (!line.starts_with(mark) || !line.ends_with(dashes)) return {};
  if (line.size() < mark.size() + dashes.size()) return {};
  return line.substr(mark.size(), line.size() - mark.size() - dashes.size());
}

bool belongs_to_key(const PemBlock& block) noexcept {
  return holds_private_key(block) || block.label == "EC PARAMETERS";
}

}  // namespace

std::vector<PemBlock> pem_blocks(std::string_view text) {
  std::vector<PemBlock> blocks;
  std::string_view open;  // the label of a block that has begun; empty: none has
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto start = at;
    const auto line = next_line(text, at);
    if (const auto label = label_of(line, begin_mark); !label.empty()) {
      open = label;
      begin = start;
    } else if (!open.empty() && label_of(line, end_mark) == open) {
      blocks.push_back({open, text.substr(begin, at - begin)});
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
  const char* at = text.data();
  for (const auto& block : blocks) {
    if (!belongs_to_key(block)) continue;
    result.append(at, block.text.data());
    at = block.text.data() + block.text.size();
  }
  return result.append(at, text.data() + text.size());
}

}  // namespace keystore::lifecycle
