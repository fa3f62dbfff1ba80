#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/key_type.h"
#include "keystore/result.h"

namespace keystore {

enum class Digest {
  none,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  sha3_224,
  sha3_256,
  sha3_384,
  sha3_512,
  sha512_224,  ///< SHA-512/224 (FIPS 180-4, 6.6)
  sha512_256,
};

/// OpenSSL's name ("SHA2-256"); empty for none.
KEYSTORE_API std::string_view openssl_name(Digest digest) noexcept;
/// Octets; 0 for none.
KEYSTORE_API std::size_t digest_size(Digest digest) noexcept;

enum class SignAlgorithm {
  rsa_pkcs1,  ///< RSASSA-PKCS1-v1_5 (RFC 8017, 8.2)
  rsa_pss,    ///< RSASSA-PSS (RFC 8017, 8.1)
  rsa_raw,    ///< the RSA private operation alone; the input is as long as the modulus
  ecdsa,      ///< signatures are DER (RFC 3279, 2.2.3)
  eddsa,      ///< Ed25519, Ed448 (RFC 8032); the input is the message
};

/// What the bytes handed over are.
enum class SignInput {
  message,      ///< hashed as the spec says
  digest,       ///< already hashed with `digest`
  digest_info,  ///< RSA PKCS#1: padded as they are (a DigestInfo, or TLS 1.1's MD5+SHA-1)
  raw,          ///< rsa_raw
};

/// All that a host can ask of a signature (DESIGN.md, section 3).
struct SignSpec {
  SignAlgorithm algorithm = SignAlgorithm::rsa_pkcs1;
  SignInput input = SignInput::message;
  Digest digest = Digest::none;
  Digest mgf_digest = Digest::none;           ///< none: same as digest
  std::optional<unsigned> salt_length = {};   ///< octets; not set: the digest's size
  Bytes context = {};                         ///< Ed25519ctx, Ed448 (RFC 8032); usually empty

  bool operator==(const SignSpec&) const = default;
};

/// IANA TLS SignatureScheme (RFC 8446, 4.2.3): named presets of SignSpec. Numbers are IANA's.
enum class SignatureScheme : std::uint16_t {
  rsa_pkcs1_sha1 = 0x0201,
  ecdsa_sha1 = 0x0203,
  rsa_pkcs1_sha256 = 0x0401,
  ecdsa_secp256r1_sha256 = 0x0403,
  rsa_pkcs1_sha384 = 0x0501,
  ecdsa_secp384r1_sha384 = 0x0503,
  rsa_pkcs1_sha512 = 0x0601,
  ecdsa_secp521r1_sha512 = 0x0603,
  rsa_pss_rsae_sha256 = 0x0804,
  rsa_pss_rsae_sha384 = 0x0805,
  rsa_pss_rsae_sha512 = 0x0806,
  ed25519 = 0x0807,
  ed448 = 0x0808,
  rsa_pss_pss_sha256 = 0x0809,
  rsa_pss_pss_sha384 = 0x080a,
  rsa_pss_pss_sha512 = 0x080b,
};

/// IANA's name: "rsa_pss_rsae_sha256".
KEYSTORE_API std::string_view to_string(SignatureScheme scheme) noexcept;
/// Errors: invalid_argument listing the known names.
KEYSTORE_API Result<SignatureScheme> parse_signature_scheme(std::string_view name);
/// The spec that the scheme is short for, input = message.
KEYSTORE_API SignSpec spec_of(SignatureScheme scheme) noexcept;
/// Every scheme that a key of this shape could run in software, the strongest usual one first.
/// ECDSA follows TLS 1.3: one scheme per curve.
KEYSTORE_API std::span<const SignatureScheme> schemes_of(const KeyShape& shape) noexcept;

}  // namespace keystore
