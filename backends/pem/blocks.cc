#include "backends/pem/blocks.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/pem/base64.h"
#include "keystore/internal/pem_lines.h"

namespace keystore::pem {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view dashes = "-----";

/// Reads a text from its start to its end, one line at a time.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text), rest_(text) {
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  }

  bool at_end() const noexcept { return rest_.empty(); }
  std::size_t offset() const noexcept { return text_.size() - rest_.size(); }
  std::string_view peek() const noexcept {
    std::string_view rest = rest_;
    return trim_right(take_line(rest));
  }
  std::string_view next() noexcept { return trim_right(take_line(rest_)); }

 private:
  std::string_view text_;
  std::string_view rest_;
};

std::string_view label_of(std::string_view line, std::string_view mark);
Block scan_block(Scanner& scanner, std::string_view label, std::size_t begin);
std::optional<Error> scan_headers(Scanner& scanner, Block& block);
std::optional<Error> scan_body(Scanner& scanner, Block& block);
std::optional<LegacyEncryption> parse_dek_info(std::string_view value);

}  // namespace

std::vector<Block> scan_blocks(std::string_view text) {
  std::vector<Block> blocks;
  Scanner scanner(text);
  while (!scanner.at_end() && blocks.size() <= most_blocks) {
    const std::size_t begin = scanner.offset();
    const auto label = label_of(scanner.next(), begin_mark);
    if (!label.empty()) blocks.push_back(scan_block(scanner, label, begin));
  }
  return blocks;
}

Result<Secret> block_octets(const Block& block, std::string_view text) {
  if (block.fault) return Failure(*block.fault);
  const auto body = text.substr(block.body_begin, block.body_end - block.body_begin);
  if (block.der) return Secret::copy_of(body);
  auto octets = decode_base64(body, block.encryption ? Lines::strict : Lines::any);
  if (!octets) return fail(Errc::malformed, "the base64 is broken or cut off");
  return std::move(*octets);
}

Secret write_block(std::string_view label, BytesView octets) {
  const Secret body = encode_base64(octets);
  const std::string first = fmt::format("-----BEGIN {}-----\n", label);
  const std::string last = fmt::format("-----END {}-----\n", label);
  Secret text(first.size() + body.size() + last.size());
  auto out = text.writable().begin();
  out = std::copy(first.begin(), first.end(), out);
  out = std::copy(body.view().begin(), body.view().end(), out);
  std::copy(last.begin(), last.end(), out);
  return text;
}

namespace {

/// The label when `line` is "-----BEGIN label-----" (or END), else nothing.
std::string_view label_of(std::string_view line, std::string_view mark) {
  if (!line.starts_with(mark) || !line.ends_with(dashes)) return {};
  if (line.size() <= mark.size() + dashes.size()) return {};
  return line.substr(mark.size(), line.size() - mark.size() - dashes.size());
}

Block scan_block(Scanner& scanner, std::string_view label, std::size_t begin) {
  Block block{.label = std::string(label), .begin = begin};
  auto fault = scan_headers(scanner, block);
  block.body_begin = scanner.offset();
  auto frame_fault = scan_body(scanner, block);
  block.fault = frame_fault ? frame_fault : fault;
  return block;
}

/// RFC 1421 headers up to their blank line, or one blank line without any.
std::optional<Error> scan_headers(Scanner& scanner, Block& block) {
  if (!scanner.at_end() && scanner.peek().empty()) scanner.next();
  if (scanner.peek().find(':') == std::string_view::npos) return std::nullopt;
  bool encrypted = false;
  while (!scanner.at_end() && !scanner.peek().empty() && !scanner.peek().starts_with('-')) {
    const std::string_view line = scanner.next();
    if (line == "Proc-Type: 4,ENCRYPTED") encrypted = true;
    if (!line.starts_with("DEK-Info: ")) continue;
    block.encryption = parse_dek_info(line.substr(10));
    if (!block.encryption) return Error{Errc::malformed, "its DEK-Info header is broken"};
  }
  if (!scanner.at_end() && scanner.peek().empty()) scanner.next();
  if (encrypted != block.encryption.has_value()) {
    return Error{Errc::malformed, "its encryption headers are broken"};
  }
  return std::nullopt;
}

/// Up to the END line, or, where that is missing, to the next block or the end of the file.
std::optional<Error> scan_body(Scanner& scanner, Block& block) {
  block.body_end = block.end = scanner.offset();
  while (!scanner.at_end() && label_of(scanner.peek(), begin_mark).empty()) {
    block.body_end = scanner.offset();
    const std::string_view line = scanner.next();
    block.end = scanner.offset();
    const auto label = label_of(line, end_mark);
    if (label.empty()) continue;
    if (label == block.label) return std::nullopt;
    return Error{Errc::malformed, fmt::format("it ends as '{}'", label)};
  }
  return Error{Errc::malformed, "it has no END line"};
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<LegacyEncryption> parse_dek_info(std::string_view value) {
  const auto comma = value.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  LegacyEncryption encryption{.cipher = std::string(value.substr(0, comma))};
  const std::string_view iv = value.substr(comma + 1);
  if (iv.size() % 2 != 0 || iv.empty()) return std::nullopt;
  for (std::size_t i = 0; i < iv.size(); i += 2) {
    const int high = hex_value(iv[i]);
    const int low = hex_value(iv[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    encryption.iv.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return encryption;
}

}  // namespace
}  // namespace keystore::pem
