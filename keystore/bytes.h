#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"

namespace keystore {

/// Owned octets. Nothing secret: secrets are `Secret`.
using Bytes = std::vector<std::uint8_t>;

/// Borrowed octets, valid for the call.
using BytesView = std::span<const std::uint8_t>;

/// The octets of `text`, borrowed.
inline BytesView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The octets of `bytes` as text, borrowed; no check of its encoding.
inline std::string_view as_text(BytesView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Lower-case hexadecimal without separators.
KEYSTORE_API std::string to_hex(BytesView bytes);

}  // namespace keystore
