#include "keystore/sign_spec.h"

#include <algorithm>
#include <array>
#include <string>

namespace keystore {
namespace {

struct DigestRow {
  Digest digest;
  std::string_view openssl_name;
  std::size_t size;
};

constexpr DigestRow digest_rows[] = {
    {Digest::none, "", 0},
    {Digest::sha1, "SHA1", 20},
    {Digest::sha224, "SHA2-224", 28},
    {Digest::sha256, "SHA2-256", 32},
    {Digest::sha384, "SHA2-384", 48},
    {Digest::sha512, "SHA2-512", 64},
    {Digest::sha3_224, "SHA3-224", 28},
    {Digest::sha3_256, "SHA3-256", 32},
    {Digest::sha3_384, "SHA3-384", 48},
    {Digest::sha3_512, "SHA3-512", 64},
    {Digest::sha512_224, "SHA2-512/224", 28},
    {Digest::sha512_256, "SHA2-512/256", 32},
};

struct SchemeRow {
  SignatureScheme scheme;
  std::string_view name;
  SignAlgorithm algorithm;
  Digest digest;
};

using enum SignatureScheme;

constexpr SchemeRow scheme_rows[] = {
    {rsa_pkcs1_sha1, "rsa_pkcs1_sha1", SignAlgorithm::rsa_pkcs1, Digest::sha1},
    {ecdsa_sha1, "ecdsa_sha1", SignAlgorithm::ecdsa, Digest::sha1},
    {rsa_pkcs1_sha256, "rsa_pkcs1_sha256", SignAlgorithm::rsa_pkcs1, Digest::sha256},
    {ecdsa_secp256r1_sha256, "ecdsa_secp256r1_sha256", SignAlgorithm::ecdsa, Digest::sha256},
    {rsa_pkcs1_sha384, "rsa_pkcs1_sha384", SignAlgorithm::rsa_pkcs1, Digest::sha384},
    {ecdsa_secp384r1_sha384, "ecdsa_secp384r1_sha384", SignAlgorithm::ecdsa, Digest::sha384},
    {rsa_pkcs1_sha512, "rsa_pkcs1_sha512", SignAlgorithm::rsa_pkcs1, Digest::sha512},
    {ecdsa_secp521r1_sha512, "ecdsa_secp521r1_sha512", SignAlgorithm::ecdsa, Digest::sha512},
    {rsa_pss_rsae_sha256, "rsa_pss_rsae_sha256", SignAlgorithm::rsa_pss, Digest::sha256},
    {rsa_pss_rsae_sha384, "rsa_pss_rsae_sha384", SignAlgorithm::rsa_pss, Digest::sha384},
    {rsa_pss_rsae_sha512, "rsa_pss_rsae_sha512", SignAlgorithm::rsa_pss, Digest::sha512},
    {ed25519, "ed25519", SignAlgorithm::eddsa, Digest::none},
    {ed448, "ed448", SignAlgorithm::eddsa, Digest::none},
    {rsa_pss_pss_sha256, "rsa_pss_pss_sha256", SignAlgorithm::rsa_pss, Digest::sha256},
    {rsa_pss_pss_sha384, "rsa_pss_pss_sha384", SignAlgorithm::rsa_pss, Digest::sha384},
    {rsa_pss_pss_sha512, "rsa_pss_pss_sha512", SignAlgorithm::rsa_pss, Digest::sha512},
};

// What fits a modulus: PSS with SHA-512 and its salt takes 130 octets, with SHA-384 98.
constexpr SignatureScheme rsa_schemes[] = {
    rsa_pss_rsae_sha256, rsa_pss_rsae_sha384, rsa_pss_rsae_sha512, rsa_pkcs1_sha256,
    rsa_pkcs1_sha384,    rsa_pkcs1_sha512,    rsa_pkcs1_sha1};
constexpr SignatureScheme rsa_1024_schemes[] = {rsa_pss_rsae_sha256, rsa_pss_rsae_sha384,
                                                rsa_pkcs1_sha256,    rsa_pkcs1_sha384,
                                                rsa_pkcs1_sha512,    rsa_pkcs1_sha1};
constexpr SignatureScheme rsa_small_schemes[] = {rsa_pkcs1_sha256, rsa_pkcs1_sha1};
constexpr SignatureScheme pss_schemes[] = {rsa_pss_pss_sha256, rsa_pss_pss_sha384,
                                           rsa_pss_pss_sha512};
constexpr SignatureScheme pss_1024_schemes[] = {rsa_pss_pss_sha256, rsa_pss_pss_sha384};
constexpr SignatureScheme p256_schemes[] = {ecdsa_secp256r1_sha256};
constexpr SignatureScheme p384_schemes[] = {ecdsa_secp384r1_sha384};
constexpr SignatureScheme p521_schemes[] = {ecdsa_secp521r1_sha512};
constexpr SignatureScheme ed25519_schemes[] = {ed25519};
constexpr SignatureScheme ed448_schemes[] = {ed448};

constexpr unsigned bits_for_pss_sha384 = 97 * 8 + 2;
constexpr unsigned bits_for_pss_sha512 = 129 * 8 + 2;

const SchemeRow* find_row(SignatureScheme scheme) noexcept {
  const auto* row = std::ranges::find(scheme_rows, scheme, &SchemeRow::scheme);
  return row == std::end(scheme_rows) ? nullptr : row;
}

std::span<const SignatureScheme> rsa_schemes_of(const KeyShape& shape) noexcept {
  if (shape.bits >= bits_for_pss_sha512) {
    if (shape.rsa_pss_only) return pss_schemes;
    return rsa_schemes;
  }
  if (shape.bits >= bits_for_pss_sha384) {
    if (shape.rsa_pss_only) return pss_1024_schemes;
    return rsa_1024_schemes;
  }
  if (shape.rsa_pss_only) return {};
  return rsa_small_schemes;
}

std::span<const SignatureScheme> ec_schemes_of(const KeyShape& shape) noexcept {
  if (shape.curve == "P-256") return p256_schemes;
  if (shape.curve == "P-384") return p384_schemes;
  if (shape.curve == "P-521") return p521_schemes;
  return {};
}

}  // namespace

std::string_view openssl_name(Digest digest) noexcept {
  return std::ranges::find(digest_rows, digest, &DigestRow::digest)->openssl_name;
}

std::size_t digest_size(Digest digest) noexcept {
  return std::ranges::find(digest_rows, digest, &DigestRow::digest)->size;
}

std::string_view to_string(SignatureScheme scheme) noexcept {
  const auto* row = find_row(scheme);
  return row == nullptr ? "unknown" : row->name;
}

Result<SignatureScheme> parse_signature_scheme(std::string_view name) {
  const auto* row = std::ranges::find(scheme_rows, name, &SchemeRow::name);
  if (row != std::end(scheme_rows)) return row->scheme;
  std::string known;
  for (const auto& each : scheme_rows) {
    if (!known.empty()) known += ", ";
    known += each.name;
  }
  return fail(Errc::invalid_argument, "unknown signature scheme '" + std::string(name) + "'",
              "known are " + known);
}

SignSpec spec_of(SignatureScheme scheme) noexcept {
  const auto* row = find_row(scheme);
  if (row == nullptr) return {};
  return {.algorithm = row->algorithm, .digest = row->digest};
}

std::span<const SignatureScheme> schemes_of(const KeyShape& shape) noexcept {
  switch (shape.type) {
    case KeyType::rsa:
      return rsa_schemes_of(shape);
    case KeyType::ec:
      return ec_schemes_of(shape);
    case KeyType::ed25519:
      return ed25519_schemes;
    case KeyType::ed448:
      return ed448_schemes;
    case KeyType::x25519:
    case KeyType::x448:
    case KeyType::dsa:
    case KeyType::other:
      return {};
  }
  return {};
}

}  // namespace keystore
