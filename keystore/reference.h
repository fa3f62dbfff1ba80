#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/backend.h"
#include "keystore/key.h"
#include "keystore/public_key.h"
#include "keystore/result.h"
#include "keystore/sign_spec.h"
#include "keystore/uri.h"

namespace keystore {

class Registry;

/// A small file that stands where a private-key file stood (DESIGN.md, section 6):
///
///     KeyReference ::= SEQUENCE {
///       version    INTEGER (1),
///       keyType    OBJECT IDENTIFIER,           -- algorithm of publicKey
///       uri        UTF8String,
///       publicKey  SubjectPublicKeyInfo,
///       schemes    [0] IMPLICIT SEQUENCE OF INTEGER OPTIONAL,   -- IANA SignatureScheme
///       hashing    [1] IMPLICIT SEQUENCE OF INTEGER OPTIONAL }  -- those that hash on the token
///
/// Unknown context tags at the end are ignored, an unknown version is refused. References of
/// pkcs11-provider (label `PKCS#11 PROVIDER URI`) are read as well; they have no public key.
struct Reference {
  static constexpr std::string_view pem_label = "KEYSTORE KEY REFERENCE";
  static constexpr std::string_view pkcs11_provider_pem_label = "PKCS#11 PROVIDER URI";

  Uri uri;                                      ///< may hold a pin-source, never a pin-value
  std::optional<PublicKey> public_key = {};     ///< always set in ours
  std::vector<SignatureScheme> schemes = {};    ///< empty: not said
  std::vector<SignatureScheme> hashing = {};    ///< those that take a message, and no digest

  /// The reference to `key` at `uri`, saying what the key can do.
  KEYSTORE_API static Reference to_key(Uri uri, const Key& key);
  /// Takes the key's public half from elsewhere, say its certificate: tokens do not know of a
  /// restriction to PSS (RFC 4055, 3.1). Errors: key_mismatch when it is another key's.
  KEYSTORE_API Result<void> use_public_key(const PublicKey& half);

  /// `label` says which of the two forms `der` is. Errors: malformed (also a pin-value), unsupported
  /// (version), refused_by_policy (a pin-source that data may not use).
  KEYSTORE_API static Result<Reference> parse(std::string_view label, BytesView der);
  /// The first block of either label in a text that may hold others. Errors: not_found, as parse().
  KEYSTORE_API static Result<Reference> parse_pem(std::string_view text);
  /// Errors: invalid_argument without a public key, with a pin-value, or with a pin-source that
  /// data may not use.
  KEYSTORE_API Result<Bytes> to_der() const;
  KEYSTORE_API Result<std::string> to_pem() const;
};

/// The URI that a reference to the key at `found` may hold: with the pin-source of `asked`, by which
/// it was opened, where a server can read it again, and its module-path where `config` lists it.
KEYSTORE_API Uri reference_uri(const Uri& found, const Uri& asked, const Config& config);

/// The key that `reference` names. With a public key inside, nothing is opened yet: no module is
/// loaded and no token asked before the first operation, which also compares the object's public
/// key. The PIN source is read now, unless `pin` says at use: the URI's pin-source, else
/// options.pin_source, else options.pin, once; one that cannot be read is a logged warning. The URI
/// counts as data. Errors: refused_by_policy, malformed; as open() where there is no public key.
KEYSTORE_API Result<Key> open_reference(const Reference& reference, const Registry& registry,
                                        const OpenOptions& options, PinTime pin);

}  // namespace keystore
