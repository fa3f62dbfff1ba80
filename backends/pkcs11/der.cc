#include "backends/pkcs11/der.h"

#include <algorithm>

#include "keystore/internal/der.h"

namespace keystore::pkcs11::der {
namespace {

// Tag, length, and the zero before a number whose first bit is set.
constexpr std::size_t most_overhead = 6;

void append_unsigned(Bytes& out, BytesView number) {
  const auto first = std::ranges::find_if(number, [](std::uint8_t octet) { return octet != 0; });
  const BytesView digits(first, number.end());
  const bool pad = digits.empty() || digits[0] >= 0x80;
  append_der_header(out, der_tag::integer, digits.size() + (pad ? 1 : 0));
  if (pad) out.push_back(0);
  out.insert(out.end(), digits.begin(), digits.end());
}

}  // namespace

Bytes element(std::uint8_t tag, std::initializer_list<BytesView> parts) {
  Bytes content;
  for (const auto& part : parts) content.insert(content.end(), part.begin(), part.end());
  Bytes out;
  append_der(out, tag, content);
  return out;
}

Bytes two_integers(BytesView first, BytesView second) {
  Bytes content;
  content.reserve(first.size() + second.size() + 2 * most_overhead);
  append_unsigned(content, first);
  append_unsigned(content, second);
  Bytes out;
  out.reserve(content.size() + most_overhead);
  append_der(out, der_tag::sequence, content);
  return out;
}

BytesView content(std::uint8_t tag, BytesView encoded) {
  return der_content(encoded, tag).value_or(BytesView());
}

}  // namespace keystore::pkcs11::der
