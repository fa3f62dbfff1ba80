#include "backends/pkcs11/der.h"

#include <algorithm>

namespace keystore::pkcs11::der {
namespace {

void append_length(Bytes& out, std::size_t length) {
  if (length < 0x80) {
    out.push_back(static_cast<std::uint8_t>(length));
    return;
  }
  Bytes octets;
  for (; length != 0; length >>= 8) octets.push_back(static_cast<std::uint8_t>(length));
  out.push_back(static_cast<std::uint8_t>(0x80 | octets.size()));
  out.insert(out.end(), octets.rbegin(), octets.rend());
}

}  // namespace

Bytes element(std::uint8_t tag, std::initializer_list<BytesView> parts) {
  std::size_t length = 0;
  for (const auto& part : parts) length += part.size();
  Bytes out;
  out.reserve(length + 6);
  out.push_back(tag);
  append_length(out, length);
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes unsigned_integer(BytesView number) {
  const auto first = std::ranges::find_if(number, [](std::uint8_t octet) { return octet != 0; });
  const BytesView digits(first, number.end());
  constexpr std::uint8_t zero = 0;
  const bool pad = digits.empty() || digits[0] >= 0x80;
  return element(integer_tag, {BytesView(&zero, pad ? 1 : 0), digits});
}

BytesView content(std::uint8_t tag, BytesView encoded) {
  if (encoded.size() < 2 || encoded[0] != tag) return {};
  std::size_t length = encoded[1];
  std::size_t header = 2;
  if (length >= 0x80) {
    const auto octets = length & 0x7f;
    if (octets == 0 || octets > 3 || encoded.size() < 2 + octets) return {};
    length = 0;
    for (std::size_t i = 0; i < octets; ++i) length = length << 8 | encoded[2 + i];
    header += octets;
  }
  return encoded.size() == header + length ? encoded.subspan(header) : BytesView();
}

}  // namespace keystore::pkcs11::der
