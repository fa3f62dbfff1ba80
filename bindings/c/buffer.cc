#include "bindings/c/buffer.h"

#include <algorithm>

#include "bindings/c/guard.h"

namespace keystore::c {
namespace {

constexpr std::size_t octets_of(unsigned bits) { return (bits + 7U) / 8U; }

constexpr std::size_t ed25519_signature = 64;  // RFC 8032, 5.1.6
constexpr std::size_t ed448_signature = 114;   // RFC 8032, 5.2.6
// Of a type that we know nothing of: more than any.
constexpr std::size_t unknown = 16384 / 8;

/// Ecdsa-Sig-Value (RFC 3279, 2.2.3): two integers, each with a sign octet.
constexpr std::size_t ecdsa_signature(unsigned bits) {
  constexpr std::size_t headers = 2 * 3 + 4;
  return 2 * (octets_of(bits) + 1) + headers;
}

}  // namespace

Buffer::Buffer(std::uint8_t* data, std::size_t* size)
    : data_(data), size_(&require(size, "out_size")) {}

bool Buffer::has_room_for(std::size_t most) const {
  const auto room = *size_;
  if (data_ != nullptr && room >= most) return true;
  *size_ = most;
  if (data_ == nullptr) return false;
  raise(Errc::invalid_argument, "the buffer has " + std::to_string(room) + " octets of " +
                                    std::to_string(most) + " that may be needed");
}

void Buffer::fill(BytesView content) const {
  if (content.size() > *size_) {
    *size_ = content.size();
    raise(Errc::internal, "the result is longer than was thought possible");
  }
  std::ranges::copy(content, data_);
  *size_ = content.size();
}

std::size_t longest_signature(const KeyShape& shape) {
  switch (shape.type) {
    case KeyType::rsa:
      return octets_of(shape.bits);
    case KeyType::ec:
      return ecdsa_signature(shape.bits);
    case KeyType::ed25519:
      return ed25519_signature;
    case KeyType::ed448:
      return ed448_signature;
    case KeyType::x25519:
    case KeyType::x448:
    case KeyType::dsa:
    case KeyType::other:
      break;
  }
  return unknown;
}

std::size_t longest_secret(const KeyShape& shape) {
  return shape.bits == 0 ? unknown : octets_of(shape.bits);
}

}  // namespace keystore::c
