#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "backends/pkcs11/patience.h"
#include "keystore/bytes.h"
#include "keystore/result.h"

namespace keystore::pkcs11 {

/// One lock for this process and all it forks, in shared anonymous memory made when the library is
/// loaded: needs no file, works in a chroot, survives the death of its holder. Serialises the first
/// use of modules (SoftHSM 2.6 rewrites a token file in C_Login; another process that is in
/// C_Initialize then sees no token).
class TreeLock {
 public:
  struct Release {
    void operator()(TreeLock* lock) const noexcept { lock->release(); }
  };
  using Hold = std::unique_ptr<TreeLock, Release>;

  /// Errors: timed_out.
  static Result<Hold> take(Patience::Clock::time_point until, std::string_view action);

 private:
  void release() noexcept;
};

/// A PIN of a token, to be known again: hashed with a salt that the process tree makes at its start,
/// and which core dumps lack.
using PinFingerprint = std::array<std::uint8_t, 32>;
PinFingerprint fingerprint_of(std::string_view token_identity, BytesView pin);

/// PINs that a token refused, known in the whole process tree, so that none is tried twice: real
/// tokens lock after three. Kept as fingerprints. With the TreeLock held.
bool was_refused(std::string_view token_identity, BytesView pin);
void remember_refused(std::string_view token_identity, BytesView pin);

}  // namespace keystore::pkcs11
