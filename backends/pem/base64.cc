#include "backends/pem/base64.h"

#include <openssl/evp.h>

#include <algorithm>

#include "keystore/internal/pem_lines.h"

namespace keystore::pem {
namespace {

constexpr std::size_t line_size = 64;
constexpr std::size_t line_octets = line_size / 4 * 3;

/// Takes characters one by one and writes the octets that they stand for.
class Decoder {
 public:
  explicit Decoder(std::size_t characters) : out_(characters / 4 * 3 + 3) {}

  bool take(char c);
  std::optional<Secret> finish();

 private:
  bool take_padding();
  void flush();

  Secret out_;
  std::size_t size_ = 0;
  std::uint32_t group_ = 0;
  unsigned count_ = 0;
  unsigned padding_ = 0;
};

int value_of(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

bool Decoder::take(char c) {
  if (c == '=') return take_padding();
  const int value = value_of(c);
  if (value < 0 || padding_ > 0) return false;
  group_ = group_ << 6U | static_cast<std::uint32_t>(value);
  if (++count_ == 4) flush();
  return true;
}

bool Decoder::take_padding() {
  if (count_ < 2) return false;
  group_ <<= 6U;
  ++padding_;
  if (++count_ == 4) flush();
  return true;
}

void Decoder::flush() {
  const auto out = out_.writable();
  for (unsigned i = 0; i < 3 - padding_; ++i) {
    out[size_++] = static_cast<std::uint8_t>(group_ >> (16U - 8U * i));
  }
  group_ = 0;
  count_ = 0;
}

std::optional<Secret> Decoder::finish() {
  if (count_ != 0) return std::nullopt;
  out_.shrink(size_);
  return std::move(out_);
}

bool decode_line(Decoder& decoder, std::string_view line, Lines lines) {
  for (const char c : line) {
    if (lines == Lines::any && (c == ' ' || c == '\t')) continue;
    if (!decoder.take(c)) return false;
  }
  return true;
}

}  // namespace

std::optional<Secret> decode_base64(std::string_view body, Lines lines) {
  Decoder decoder(body.size());
  bool last = false;
  while (!body.empty()) {
    const std::string_view line = trim_right(take_line(body));
    // What stands between the last line and END behind a dash is a remark, as OpenSSL reads it.
    if (line.starts_with('-')) break;
    if (line.empty() || last) return std::nullopt;
    if (lines == Lines::strict) {
      if (line.size() > line_size) return std::nullopt;
      last = line.size() < line_size;
    }
    if (!decode_line(decoder, line, lines)) return std::nullopt;
  }
  return decoder.finish();
}

Secret encode_base64(BytesView bytes) {
  const std::size_t lines = (bytes.size() + line_octets - 1) / line_octets;
  Secret text((bytes.size() + 2) / 3 * 4 + lines + 1);
  auto* out = text.writable().data();
  std::size_t size = 0;
  while (!bytes.empty()) {
    const BytesView line = bytes.first(std::min(bytes.size(), line_octets));
    size += static_cast<std::size_t>(
        EVP_EncodeBlock(out + size, line.data(), static_cast<int>(line.size())));
    out[size++] = '\n';
    bytes = bytes.subspan(line.size());
  }
  text.shrink(size);
  return text;
}

}  // namespace keystore::pem
