#include "keystore/bytes.h"

namespace keystore {

std::string to_hex(BytesView bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto octet : bytes) {
    text += digits[octet >> 4];
    text += digits[octet & 0x0f];
  }
  return text;
}

}  // namespace keystore
