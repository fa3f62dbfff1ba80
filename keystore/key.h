#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "keystore/api.h"
#include "keystore/entry.h"
#include "keystore/operation.h"
#include "keystore/result.h"
#include "keystore/secret.h"
#include "keystore/sign_spec.h"

namespace keystore {

class KeyBackend;

/// Leave to take a private key out of its store.
class ExportPermit {
 private:
  ExportPermit() = default;
  friend ExportPermit insecure_export_permit();
};

/// The only way to a permit, so that one search finds every export of a key.
inline ExportPermit insecure_export_permit() { return {}; }

/// A private key that may live outside this process. Copies share one key. Any member may be
/// called from any thread. Stays usable after its Store is gone, and after a fork in the child.
class KEYSTORE_API Key {
 public:
  /// For backends: a handle on `backend`, which must not be null.
  explicit Key(std::shared_ptr<const KeyBackend> backend);

  const std::string& label() const noexcept;
  const Bytes& id() const noexcept;
  const Uri& uri() const noexcept;
  KeyType type() const noexcept;
  /// Everything known about the key; borrowed from it.
  const Entry& entry() const noexcept;
  /// Not set when the store shows no public half: such a key signs, but TLS cannot use it.
  const std::optional<PublicKey>& public_key() const noexcept;
  /// What the key can sign with where it lives, best first.
  std::span<const SignatureScheme> schemes() const noexcept;
  /// Whether the key makes such signatures where it lives, as far as known without asking its store:
  /// a token that hashes by itself takes messages and no digests.
  bool can_sign(const SignSpec& spec) const;

  /// Signs `message`, hashing it as `scheme` (a named SignSpec) says. ECDSA signatures are DER
  /// (RFC 3279, 2.2.3). May ask for a PIN and block for a touch on the token.
  /// Errors: invalid_argument (scheme not in schemes()), pin_*, unavailable, timed_out.
  Result<Bytes> sign(SignatureScheme scheme, BytesView message, const CallLimits& limits = {}) const;

  /// Signs for hosts that arrive with a digest or their own padding. `input` is what `spec.input`
  /// says. Errors: as sign(), unsupported when the store cannot do the spec.
  Result<Bytes> sign_digest(const SignSpec& spec, BytesView input,
                            const CallLimits& limits = {}) const;

  /// RSA decryption. Errors: as sign_digest(); malformed when the ciphertext does not decrypt.
  Result<Secret> decrypt(const DecryptSpec& spec, BytesView ciphertext,
                         const CallLimits& limits = {}) const;

  /// The raw ECDH or X25519/X448 shared secret with `peer` (SEC 1, 3.3.1; RFC 7748); deriving keys
  /// from it is the caller's. Errors: invalid_argument (other type or curve), as sign_digest().
  Result<Secret> derive(const PublicKey& peer, const CallLimits& limits = {}) const;

  /// The private key as PKCS#8 DER (RFC 5958). Errors: access_denied when it may not leave its
  /// store.
  Result<Secret> export_pkcs8(const ExportPermit& permit) const;

 private:
  std::shared_ptr<const KeyBackend> backend_;
};

}  // namespace keystore
