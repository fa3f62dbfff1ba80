#pragma once

#include <vector>

#include "keystore/api.h"
#include "keystore/certificate.h"
#include "keystore/key.h"
#include "keystore/result.h"

namespace keystore {

/// What a TLS or CMS signer needs. The parts are known to belong together. Copies share the key.
class KEYSTORE_API Identity {
 public:
  /// `chain` starts at the leaf's issuer, without the root. Compares public keys; where the key
  /// shows none, it signs once and the leaf's key verifies. Errors: key_mismatch if `leaf` is not
  /// for `key`, else as Key::sign.
  static Result<Identity> create(Key key, Certificate leaf, std::vector<Certificate> chain);

  /// Signs once, and the leaf's key verifies: the key works now, and is the leaf's. Errors:
  /// key_mismatch, unsupported for a key that does not sign, else as Key::sign.
  Result<void> prove(const CallLimits& limits = {}) const;

  const Key& key() const noexcept { return key_; }
  const Certificate& leaf() const noexcept { return leaf_; }
  const std::vector<Certificate>& chain() const noexcept { return chain_; }

 private:
  Identity(Key key, Certificate leaf, std::vector<Certificate> chain)
      : key_(std::move(key)), leaf_(std::move(leaf)), chain_(std::move(chain)) {}
  Key key_;
  Certificate leaf_;
  std::vector<Certificate> chain_;
};

}  // namespace keystore
