#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "keystore/api.h"
#include "keystore/bytes.h"

namespace keystore {

/// Octets that must not leak: PINs, passphrases, private keys, shared secrets. They live in
/// locked pages that core dumps leave out and forked children inherit (where the process may lock
/// no more, locking is skipped and logged once). Wiped when destroyed. Moves, does not copy, and
/// has no way to be printed. One thread at a time.
class KEYSTORE_API Secret {
 public:
  Secret() noexcept = default;
  /// `size` zero octets.
  explicit Secret(std::size_t size);
  /// A copy of `bytes`; the caller wipes its own.
  static Secret copy_of(BytesView bytes);
  static Secret copy_of(std::string_view text) { return copy_of(as_bytes(text)); }
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret clone() const { return copy_of(view()); }
  BytesView view() const noexcept { return {data_, size_}; }
  std::span<std::uint8_t> writable() noexcept { return {data_, size_}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /// Keeps the first `size` octets and wipes the others. `size` ≤ size().
  void shrink(std::size_t size) noexcept;
  void wipe() noexcept;

  /// Takes time that depends on the lengths alone.
  friend KEYSTORE_API bool operator==(const Secret& a, const Secret& b) noexcept;

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace keystore
