#pragma once

#include <cstdint>
#include <optional>

#include "keystore/api.h"
#include "keystore/bytes.h"

namespace keystore {

/// Identifier octets (X.690, 8.1.2) that we meet.
namespace der_tag {
inline constexpr std::uint8_t integer = 0x02;
inline constexpr std::uint8_t bit_string = 0x03;
inline constexpr std::uint8_t octet_string = 0x04;
inline constexpr std::uint8_t object_identifier = 0x06;
inline constexpr std::uint8_t utf8_string = 0x0C;
inline constexpr std::uint8_t printable_string = 0x13;
inline constexpr std::uint8_t visible_string = 0x1A;
inline constexpr std::uint8_t sequence = 0x30;
inline constexpr std::uint8_t context_0 = 0xA0;
inline constexpr std::uint8_t context_1 = 0xA1;
}  // namespace der_tag

struct DerElement {
  std::uint8_t tag = 0;
  BytesView content = {};
  BytesView whole = {};  ///< with tag and length
};

/// Reads the elements of strict DER (X.690, 10.1: definite lengths in their shortest form; tags
/// below 31) in order. Borrows the octets.
class KEYSTORE_API DerReader {
 public:
  explicit DerReader(BytesView data) noexcept : rest_(data) {}
  bool at_end() const noexcept { return rest_.empty(); }
  /// The next element; empty at the end and where it is malformed.
  std::optional<DerElement> next() noexcept;
  /// The next element's content if it has this tag; otherwise empty, and nothing is consumed.
  std::optional<BytesView> next(std::uint8_t tag) noexcept;

 private:
  BytesView rest_;
};

/// The content of `data` if it is one element of this tag and nothing follows.
KEYSTORE_API std::optional<BytesView> der_content(BytesView data, std::uint8_t tag) noexcept;

/// Appends the identifier and length octets of an element whose content follows.
KEYSTORE_API void append_der_header(Bytes& out, std::uint8_t tag, std::size_t size);
/// Appends one element to `out`.
KEYSTORE_API void append_der(Bytes& out, std::uint8_t tag, BytesView content);

/// A non-negative INTEGER in its shortest form, if it fits.
KEYSTORE_API std::optional<std::uint32_t> der_integer(BytesView content) noexcept;
/// The content of a non-negative INTEGER.
KEYSTORE_API Bytes der_integer_content(std::uint32_t value);

}  // namespace keystore
