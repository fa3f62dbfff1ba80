#pragma once

#include <cstddef>
#include <cstdint>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/key.h"

namespace keystore::c {

/// The caller's buffer of ks.h: room in, octets out.
class KEYSTORE_API Buffer {
 public:
  /// Ends the guard with invalid_argument where `size` is null.
  Buffer(std::uint8_t* data, std::size_t* size);

  /// Whether something is to be done: false where only the room was asked for, which is `most`, and
  /// is told. Too little room ends the guard.
  bool has_room_for(std::size_t most) const;
  /// `content` is no longer than what was made room for.
  void fill(BytesView content) const;

 private:
  std::uint8_t* data_;
  std::size_t* size_;
};

/// The most octets that a signature by the key may have.
std::size_t longest_signature(const KeyShape& shape);
/// … a plaintext or a shared secret.
std::size_t longest_secret(const KeyShape& shape);

}  // namespace keystore::c
