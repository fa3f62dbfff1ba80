#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "backends/pkcs11/token.h"
#include "keystore/entry.h"

namespace keystore::pkcs11 {

/// Where a private key is in one process: looked up once, and again after healing. Written by
/// whoever located it, first the handle, then the epoch it is good for, so that a reader who sees
/// the epoch sees that handle or a newer one. Any thread.
class KeyPlace {
 public:
  /// `link` and `entry` say which key; both outlive this.
  KeyPlace(std::uint64_t generation, const TokenLink& link, const Entry& entry)
      : generation_(generation), token_(link.token()), link_(link), entry_(entry) {}

  /// The process that this is for (ProcessState).
  std::uint64_t generation() const noexcept { return generation_; }
  Token& token() const noexcept { return token_; }

  /// The handle to work with, as long as it is good.
  std::optional<CK_OBJECT_HANDLE> handle() const noexcept {
    const auto epoch = epoch_.load(std::memory_order_acquire);
    if (epoch == 0 || epoch != token_.epoch()) return std::nullopt;
    return handle_.load(std::memory_order_relaxed);
  }
  /// The epoch that the last handle was good for; 0 when there is none.
  std::uint64_t epoch() const noexcept { return epoch_.load(); }
  /// For the store that just found the object: spares the search.
  void found_at(std::uint64_t epoch, CK_OBJECT_HANDLE object) noexcept;
  /// The token did not know `handle`.
  void lost(CK_OBJECT_HANDLE handle) noexcept;
  /// What mends `rv`, with which a call ended that used `handle`.
  Remedy remedy_after(CK_RV rv, CK_OBJECT_HANDLE handle) const noexcept;
  /// As handle(), looking for the key where it has to. Errors: not_found, key_mismatch; as
  /// Token::make_ready() and heal().
  Result<CK_OBJECT_HANDLE> locate(Patience& patience);

  std::unique_ptr<KeyPlace> of_parent = nullptr;

 private:
  /// One look; `epoch` is what its result is good for. Nothing: the token shows no such key.
  Result<std::optional<CK_OBJECT_HANDLE>> look(std::uint64_t& epoch, Patience& patience);
  Result<std::optional<CK_OBJECT_HANDLE>> object(const Session& session, std::uint64_t epoch);
  Result<std::optional<CK_OBJECT_HANDLE>> search(const Session& session) const;
  bool works_on_a_copy() const noexcept;

  const std::uint64_t generation_;
  Token& token_;
  const TokenLink& link_;
  const Entry& entry_;
  std::atomic<std::uint64_t> epoch_ = 0;
  std::atomic<CK_OBJECT_HANDLE> handle_ = CK_INVALID_HANDLE;
  // The object on the token: what handle_ is, or is a copy of.
  std::atomic<std::uint64_t> object_epoch_ = 0;
  std::atomic<CK_OBJECT_HANDLE> object_ = CK_INVALID_HANDLE;
};

}  // namespace keystore::pkcs11
