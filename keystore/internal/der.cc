#include "keystore/internal/der.h"

#include <algorithm>

namespace keystore {
namespace {

constexpr std::uint8_t long_form = 0x80;
constexpr std::size_t max_length_octets = 4;

struct Header {
  std::size_t size = 0;
  std::size_t content = 0;
};

std::optional<Header> read_header(BytesView data) noexcept {
  if (data.size() < 2 || (data[0] & 0x1FU) == 0x1FU) return {};
  if (data[1] < long_form) return Header{2, data[1]};
  const std::size_t octets = data[1] & 0x7FU;
  if (octets == 0 || octets > max_length_octets || data.size() < 2 + octets) return {};
  std::size_t length = 0;
  for (const auto octet : data.subspan(2, octets)) length = length << 8U | octet;
  const bool shortest = data[2] != 0 && length >= long_form;
  if (!shortest) return {};
  return Header{2 + octets, length};
}

}  // namespace

std::optional<DerElement> DerReader::next() noexcept {
  const auto header = read_header(rest_);
  if (!header || rest_.size() - header->size < header->content) return {};
  const DerElement element{rest_[0], rest_.subspan(header->size, header->content),
                           rest_.first(header->size + header->content)};
  rest_ = rest_.subspan(element.whole.size());
  return element;
}

std::optional<BytesView> DerReader::next(std::uint8_t tag) noexcept {
  if (rest_.empty() || rest_[0] != tag) return {};
  const auto element = next();
  if (!element) return {};
  return element->content;
}

std::optional<BytesView> der_content(BytesView data, std::uint8_t tag) noexcept {
  DerReader reader(data);
  const auto content = reader.next(tag);
  if (!content || !reader.at_end()) return {};
  return content;
}

void append_der_header(Bytes& out, std::uint8_t tag, std::size_t size) {
  out.push_back(tag);
  if (size < long_form) {
    out.push_back(static_cast<std::uint8_t>(size));
    return;
  }
  unsigned octets = 0;
  for (auto rest = size; rest != 0; rest >>= 8U) ++octets;
  out.push_back(static_cast<std::uint8_t>(long_form | octets));
  while (octets-- != 0) out.push_back(static_cast<std::uint8_t>(size >> 8U * octets & 0xFFU));
}

void append_der(Bytes& out, std::uint8_t tag, BytesView content) {
  append_der_header(out, tag, content.size());
  out.insert(out.end(), content.begin(), content.end());
}

std::optional<std::uint32_t> der_integer(BytesView content) noexcept {
  if (content.empty() || content.size() > 5 || (content[0] & 0x80U) != 0) return {};
  const bool padded = content.size() > 1 && content[0] == 0;
  if (padded && (content[1] & 0x80U) == 0) return {};
  if (content.size() == 5 && !padded) return {};
  std::uint32_t value = 0;
  for (const auto octet : content) value = value << 8U | octet;
  return value;
}

Bytes der_integer_content(std::uint32_t value) {
  Bytes octets;
  do {
    octets.push_back(static_cast<std::uint8_t>(value & 0xFFU));
    value >>= 8U;
  } while (value != 0);
  if ((octets.back() & 0x80U) != 0) octets.push_back(0);
  std::ranges::reverse(octets);
  return octets;
}

}  // namespace keystore
