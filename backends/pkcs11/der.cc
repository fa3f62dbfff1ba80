#include "backends/pkcs11/der.h"

#include <algorithm>

#include "keystore/internal/der.h"

namespace keystore::pkcs11::der {
Bytes element(std::uint8_t tag, std::initializer_list<BytesView> parts) {
  Bytes content;
  for (const auto& part : parts) content.insert(content.end(), part.begin(), part.end());
  Bytes out;
  append_der(out, tag, content);
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
  return der_content(encoded, tag).value_or(BytesView());
}

}  // namespace keystore::pkcs11::der
