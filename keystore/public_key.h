#pragma once

#include <memory>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/key_type.h"
#include "keystore/result.h"
#include "keystore/sign_spec.h"

namespace keystore {

/// A SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) that was parsed and found sound. A value: copies
/// share the parsed form; compares by its DER. Any thread.
class KEYSTORE_API PublicKey {
 public:
  /// Errors: malformed; unsupported for a key type that OpenSSL cannot read.
  static Result<PublicKey> parse(BytesView spki_der);

  const Bytes& spki() const noexcept;
  const KeyShape& shape() const noexcept;
  /// SHA-256 of the SPKI, 32 octets.
  Bytes spki_sha256() const;
  /// SHA-1 of the subjectPublicKey bit string (RFC 5280, 4.2.1.2, method 1): the usual CKA_ID.
  Bytes key_identifier() const;

  /// Checks in software. False: the signature is not good. Errors: invalid_argument for a spec
  /// that this key cannot have signed.
  Result<bool> verify(const SignSpec& spec, BytesView input, BytesView signature) const;

  friend KEYSTORE_API bool operator==(const PublicKey& a, const PublicKey& b) noexcept;

  struct Parsed;
  /// The parsed form, for code of this project: keystore/internal/public_key_parsed.h.
  const Parsed& parsed() const noexcept { return *parsed_; }

 private:
  explicit PublicKey(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace keystore
