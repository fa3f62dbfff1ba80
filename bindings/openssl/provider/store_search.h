#pragma once

#include <openssl/core.h>

#include <optional>
#include <string>

#include "bindings/openssl/provider/digests.h"
#include "keystore/certificate.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/key.h"
#include "keystore/query.h"
#include "keystore/result.h"

namespace keystore::provider {

/// What OSSL_STORE_find(3) asks a store for. All that is set must match.
class StoreSearch {
 public:
  /// Takes what `params` hold of it. Errors: malformed (a name), unsupported (a digest).
  Result<void> set(const OSSL_PARAM params[], const Digests& digests);

  /// Whether anything is asked for: then finding nothing is no failure.
  bool any() const { return subject_ || issuer_ || serial_ || fingerprint_ || alias_; }
  /// Keys cannot match: a path is built without a PIN.
  bool certificates_only() const { return subject_ || issuer_ || serial_; }
  /// What the store itself can look for.
  Query query() const { return {.label = alias_}; }
  /// Only certificates have a subject, an issuer and a serial number; the fingerprint is that of a
  /// key (its SubjectPublicKeyInfo) or of the certificate.
  bool matches(const Certificate& certificate) const;
  bool matches(const PublicKey& key) const;

 private:
  bool has_fingerprint(BytesView der) const;

  X509NamePtr subject_ = {};
  X509NamePtr issuer_ = {};
  BnPtr serial_ = {};
  const EVP_MD* digest_ = nullptr;
  std::optional<Bytes> fingerprint_ = {};
  std::optional<std::string> alias_ = {};
};

}  // namespace keystore::provider
