#pragma once

#include <cstdint>

#include "keystore/api.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore {

/// How many iterations of key derivation one file may ask of its reader: files may be anyone's.
/// Programs write up to 600,000 for each part.
class WorkBudget {
 public:
  static constexpr std::uint64_t most_at_once = 10'000'000;
  static constexpr std::uint64_t most_in_all = 12'000'000;
  explicit WorkBudget(std::uint64_t in_all = most_in_all) noexcept : left_(in_all) {}

  /// False where `iterations` is more than what is left.
  bool spend(std::uint64_t iterations) noexcept {
    if (iterations > most_at_once || iterations > left_) return false;
    left_ -= iterations;
    return true;
  }

 private:
  std::uint64_t left_;
};

/// A passphrase as password-based encryption takes it.
struct PbePassword {
  BytesView text = {};  ///< UTF-8
  bool absent = false;  ///< PKCS#12 tells no passphrase from an empty one
};

/// Decrypts as `algorithm` says: PBES1 and PBES2 (RFC 8018, 6) or a scheme of PKCS#12 (RFC 7292,
/// appendix C); RC2 and DES by the legacy provider, scrypt in at most 128 MiB. Errors: malformed;
/// unsupported (algorithm, too much work); pin_incorrect (what comes out has no good padding, and
/// where it has one by luck, one time in 256, is not what it should be: the caller looks).
KEYSTORE_API Result<Secret> decrypt_pbe(const X509_ALGOR& algorithm, BytesView encrypted,
                                        const PbePassword& password, WorkBudget& budget);

/// What `cipher`, ready to decrypt, makes of `encrypted`. Errors: malformed (cut off),
/// pin_incorrect as in decrypt_pbe().
KEYSTORE_API Result<Secret> run_decryption(EVP_CIPHER_CTX* cipher, BytesView encrypted);

/// Fills `key` as a key derivation function (PBKDF2 or scrypt, RFC 8018, A.2, RFC 7914, 7) says.
/// Errors: malformed, unsupported.
Result<void> derive_key(const X509_ALGOR& function, BytesView password, Secret& key,
                        WorkBudget& budget);

}  // namespace keystore
