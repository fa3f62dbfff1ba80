#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/public_key.h"
#include "keystore/result.h"
#include "keystore/uri.h"

namespace keystore {

/// How a key was wrapped: the mechanism of PKCS#11 3.1 that does it. frozen: kept in files.
enum class WrapMechanism : std::uint32_t {
  aes_kwp = 0x210B,    ///< CKM_AES_KEY_WRAP_KWP: AES key wrap with padding (RFC 5649)
  aes_pkcs7 = 0x210C,  ///< CKM_AES_KEY_WRAP_PKCS7: PKCS#7 padding, then AES key wrap (RFC 3394)
};

/// "aes-kwp", "aes-pkcs7".
KEYSTORE_API std::string_view to_string(WrapMechanism mechanism) noexcept;

/// A private key that left its token enciphered, with what is needed to bring it back and to prove
/// that it is the right one. Kept in a PEM file:
///
///     WrappedKey ::= SEQUENCE {
///       version      INTEGER (1),
///       mechanism    INTEGER,               -- WrapMechanism
///       wrappingKey  UTF8String,            -- its URI, without PIN
///       publicKey    SubjectPublicKeyInfo,
///       label        UTF8String,
///       id           OCTET STRING,
///       wrapped      OCTET STRING }         -- a PrivateKeyInfo (RFC 5958), enciphered
///
/// Unknown context tags at the end are ignored, an unknown version is refused. Nothing vouches for
/// the clear parts: who restores a key compares its public key with one known from elsewhere.
struct WrappedKey {
  static constexpr std::string_view pem_label = "KEYSTORE WRAPPED KEY";

  WrapMechanism mechanism = WrapMechanism::aes_kwp;
  Uri wrapping_key;  ///< holds no PIN and no pin-source
  PublicKey public_key;
  std::string label = {};
  Bytes id = {};
  Bytes wrapped = {};

  /// Errors: malformed, unsupported (version, mechanism).
  KEYSTORE_API static Result<WrappedKey> parse(BytesView der);
  /// The first block of this kind in a text that may hold others. Errors: not_found, as parse().
  KEYSTORE_API static Result<WrappedKey> parse_pem(std::string_view text);
  KEYSTORE_API Bytes to_der() const;
  KEYSTORE_API std::string to_pem() const;
};

}  // namespace keystore
