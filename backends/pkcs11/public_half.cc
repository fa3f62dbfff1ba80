#include "backends/pkcs11/public_half.h"

#include <algorithm>
#include <array>

#include "backends/pkcs11/der.h"
#include "keystore/certificate.h"
#include "keystore/internal/der.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::pkcs11 {
namespace {

// AlgorithmIdentifiers and OIDs, encoded: rsaEncryption with NULL (RFC 8017, A.1), id-ecPublicKey
// (RFC 5480, 2.1.1).
constexpr std::array<std::uint8_t, 15> rsa_algorithm = {
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr std::array<std::uint8_t, 9> ec_public_key_oid = {0x06, 0x07, 0x2a, 0x86, 0x48,
                                                           0xce, 0x3d, 0x02, 0x01};

/// What CKA_EC_PARAMS may hold for the curves of RFC 8410: their OID, or the name that PKCS#11 3.0
/// gives them (2.3.5 and 2.3.6).
struct NamedCurve {
  KeyType type = KeyType::other;
  unsigned bits = 0;
  std::array<std::uint8_t, 5> oid = {};
  std::string_view name = {};
};
constexpr std::array named_curves = {
    NamedCurve{KeyType::ed25519, 256, {0x06, 0x03, 0x2b, 0x65, 0x70}, "edwards25519"},
    NamedCurve{KeyType::ed448, 456, {0x06, 0x03, 0x2b, 0x65, 0x71}, "edwards448"},
    NamedCurve{KeyType::x25519, 253, {0x06, 0x03, 0x2b, 0x65, 0x6e}, "curve25519"},
    NamedCurve{KeyType::x448, 448, {0x06, 0x03, 0x2b, 0x65, 0x6f}, "curve448"},
};

const NamedCurve* find_named_curve(BytesView params) {
  const auto name = as_text(der::content(der_tag::printable_string, params));
  for (const auto& curve : named_curves) {
    if (std::ranges::equal(params, curve.oid) || (!name.empty() && name == curve.name))
      return &curve;
  }
  return nullptr;
}

/// The shape of an EC key from its CKA_EC_PARAMS alone.
KeyShape ec_shape(BytesView params) {
  struct Row {
    int nid;
    unsigned bits;
    const char* name;
  };
  constexpr std::array rows = {Row{NID_X9_62_prime256v1, 256, "P-256"},
                               Row{NID_secp384r1, 384, "P-384"}, Row{NID_secp521r1, 521, "P-521"}};
  const OpensslErrorMark mark;
  const auto* place = params.data();
  const Asn1ObjectPtr oid(d2i_ASN1_OBJECT(nullptr, &place, static_cast<long>(params.size())));
  const int nid = oid == nullptr ? NID_undef : OBJ_obj2nid(oid.get());
  const auto* row = std::ranges::find(rows, nid, &Row::nid);
  if (row == rows.end()) return {.type = KeyType::ec};
  return {.type = KeyType::ec, .bits = row->bits, .curve = row->name};
}

Bytes spki(BytesView algorithm, BytesView key) {
  constexpr std::uint8_t no_unused_bits = 0;
  return der::element(
      der_tag::sequence,
      {algorithm, der::element(der_tag::bit_string, {BytesView(&no_unused_bits, 1), key})});
}

Bytes rsa_spki(const Object& object) {
  const auto modulus = object.octets(CKA_MODULUS);
  const auto exponent = object.octets(CKA_PUBLIC_EXPONENT);
  if (modulus.empty() || exponent.empty()) return {};
  return spki(rsa_algorithm, der::two_integers(modulus, exponent));
}

std::optional<PublicKey> parsed(BytesView encoded) {
  if (encoded.empty()) return std::nullopt;
  auto key = PublicKey::parse(encoded);
  if (!key) return std::nullopt;
  return std::move(*key);
}

/// What CKA_EC_POINT may mean, the likeliest first.
std::vector<BytesView> readings_of_point(BytesView encoded) {
  std::vector<BytesView> readings;
  const auto add = [&](BytesView point) {
    if (!point.empty()) readings.push_back(point);
  };
  // By the standard (PKCS#11 2.40, 2.3.3).
  add(der::content(der_tag::octet_string, encoded));
  // The bare point: by habit of some, and for Edwards curves in drafts.
  add(encoded);
  // As in a SubjectPublicKeyInfo, behind the number of unused bits.
  if (const auto bits = der::content(der_tag::bit_string, encoded); bits.size() > 1) {
    add(bits.subspan(1));
  }
  return readings;
}

/// From CKA_EC_PARAMS and the first reading of CKA_EC_POINT that is a point of that curve.
std::optional<PublicKey> ec_public_key(const Object& object) {
  const auto params = object.octets(CKA_EC_PARAMS);
  if (params.empty()) return std::nullopt;
  const auto* curve = find_named_curve(params);
  const auto algorithm = curve != nullptr
                             ? der::element(der_tag::sequence, {curve->oid})
                             : der::element(der_tag::sequence, {ec_public_key_oid, params});
  for (const auto point : readings_of_point(object.octets(CKA_EC_POINT))) {
    if (auto key = parsed(spki(algorithm, point))) return key;
  }
  return std::nullopt;
}

std::optional<PublicKey> key_of_certificate(const Object& object) {
  const auto certificate = Certificate::parse(object.octets(CKA_VALUE));
  if (!certificate) return std::nullopt;
  auto key = certificate->public_key();
  if (!key) return std::nullopt;
  return std::move(*key);
}

}  // namespace

std::optional<PublicKey> own_public_key(const Object& object) {
  if (object.object_class == CKO_CERTIFICATE) return key_of_certificate(object);
  if (auto key = parsed(object.octets(CKA_PUBLIC_KEY_INFO))) return key;
  switch (object.number(CKA_KEY_TYPE).value_or(CKK_VENDOR_DEFINED)) {
    case CKK_RSA:
      return parsed(rsa_spki(object));
    case CKK_EC:
    case CKK_EC_EDWARDS:
    case ckk_ec_montgomery:
      return ec_public_key(object);
    default:
      return std::nullopt;
  }
}

KeyShape shape_of(const Object& key) {
  if (const auto half = own_public_key(key)) return half->shape();
  const auto params = key.octets(CKA_EC_PARAMS);
  switch (key.number(CKA_KEY_TYPE).value_or(CKK_VENDOR_DEFINED)) {
    case CKK_RSA: {
      const auto bits = static_cast<unsigned>(key.octets(CKA_MODULUS).size() * 8);
      return {.type = KeyType::rsa, .bits = bits};
    }
    case CKK_EC:
      return ec_shape(params);
    case CKK_EC_EDWARDS:
    case ckk_ec_montgomery:
      if (const auto* curve = find_named_curve(params)) {
        return {.type = curve->type, .bits = curve->bits};
      }
      return {.type = KeyType::other};
    case CKK_DSA:
      return {.type = KeyType::dsa};
    default:
      return {.type = KeyType::other};
  }
}

}  // namespace keystore::pkcs11
