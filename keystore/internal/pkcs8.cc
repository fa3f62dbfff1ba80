#include "keystore/internal/pkcs8.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <string>

#include "keystore/internal/der.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/pkcs8_rsa.h"

// OpenSSL's own decoders free copies of the key without wiping them. So the common key types are
// taken apart here and handed over in parts; the rest (DSA, RSA-PSS, curves in numbers) is not.

namespace keystore {
namespace {

/// The parts of a OneAsymmetricKey, borrowed.
struct Parts {
  int algorithm = NID_undef;
  int curve = NID_undef;      ///< of the parameters, where those are one OID
  BytesView key = {};         ///< content of the OCTET STRING
  BytesView public_key = {};  ///< version 2 may hold it
};

constexpr std::uint8_t attributes_tag = 0xA0;
constexpr std::uint8_t public_key_tag = 0x81;

Failure malformed(std::string_view what) {
  return Failure(error_from_openssl(Errc::malformed, std::string(what)));
}

int nid_of(const DerElement& oid) {
  if (oid.tag != der_tag::object_identifier) return NID_undef;
  const auto* start = oid.whole.data();
  const Asn1ObjectPtr object(d2i_ASN1_OBJECT(nullptr, &start, static_cast<long>(oid.whole.size())));
  return object == nullptr ? NID_undef : OBJ_obj2nid(object.get());
}

/// The optional fields at the end; false where there is anything else.
bool read_tail(DerReader& reader, Parts& parts) {
  reader.next(attributes_tag);
  if (const auto bits = reader.next(public_key_tag)) {
    if (bits->empty() || bits->front() != 0) return false;
    parts.public_key = bits->subspan(1);
  }
  return reader.at_end();
}

std::optional<Parts> split(BytesView pkcs8) {
  const auto body = der_content(pkcs8, der_tag::sequence);
  if (!body) return {};
  DerReader reader(*body);
  const auto version = reader.next(der_tag::integer);
  const auto algorithm = reader.next(der_tag::sequence);
  const auto key = reader.next(der_tag::octet_string);
  const bool known_version = version && der_integer(*version).value_or(2) < 2;
  if (!known_version || !algorithm || !key) return {};
  DerReader identifier(*algorithm);
  const auto oid = identifier.next();
  if (!oid) return {};
  Parts parts{.algorithm = nid_of(*oid), .key = *key};
  if (const auto parameters = identifier.next()) parts.curve = nid_of(*parameters);
  if (!read_tail(reader, parts)) return {};
  return parts;
}

/// Edwards and Montgomery keys (RFC 8410).
Result<EvpPkeyPtr> decode_raw(const char* type, const Parts& parts) {
  const auto octets = der_content(parts.key, der_tag::octet_string);
  if (!octets) return malformed("the private key is malformed");
  EvpPkeyPtr pkey(EVP_PKEY_new_raw_private_key_ex(private_lib_ctx(), type, nullptr, octets->data(),
                                                  octets->size()));
  if (pkey == nullptr) return malformed("the private key is malformed");
  if (parts.public_key.empty()) return pkey;
  Bytes own(64);
  auto size = own.size();
  EVP_PKEY_get_raw_public_key(pkey.get(), own.data(), &size);
  own.resize(size);
  if (!std::ranges::equal(own, parts.public_key)) {
    return malformed("the private key's public half is not its own");
  }
  return pkey;
}

/// The uncompressed public point of the private number, which is checked against `given`.
Result<Bytes> ec_public_point(const EC_GROUP* group, const BIGNUM* number, BytesView given) {
  const bool in_range = !BN_is_zero(number) && !BN_is_negative(number) &&
                        BN_cmp(number, EC_GROUP_get0_order(group)) < 0;
  if (!in_range) return malformed("the EC private key is out of range");
  const EcPointPtr point(EC_POINT_new(group));
  if (point == nullptr ||
      EC_POINT_mul(group, point.get(), number, nullptr, nullptr, nullptr) != 1) {
    return malformed("the EC private key is malformed");
  }
  if (!given.empty()) {
    const EcPointPtr other(EC_POINT_new(group));
    const bool same =
        other != nullptr &&
        EC_POINT_oct2point(group, other.get(), given.data(), given.size(), nullptr) == 1 &&
        EC_POINT_cmp(group, point.get(), other.get(), nullptr) == 0;
    if (!same) return malformed("the EC key's public half is not its own");
  }
  Bytes octets(
      EC_POINT_point2oct(group, point.get(), POINT_CONVERSION_UNCOMPRESSED, nullptr, 0, nullptr));
  EC_POINT_point2oct(group, point.get(), POINT_CONVERSION_UNCOMPRESSED, octets.data(),
                     octets.size(), nullptr);
  return octets;
}

EvpPkeyPtr make_ec(int curve, BytesView number, Bytes point) {
  auto native = Secret::copy_of(number);
  std::ranges::reverse(native.writable());  // OSSL_PARAM numbers are little-endian here
  auto name = std::string(OBJ_nid2sn(curve));
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native.writable().data(), native.size()),
      OSSL_PARAM_construct_end()};
  return pkey_from_params("EC", params);
}

/// The parts of an ECPrivateKey (RFC 5915), borrowed.
struct EcParts {
  BytesView number = {};
  BytesView point = {};  ///< optional
};

std::optional<EcParts> split_ec(BytesView der) {
  const auto body = der_content(der, der_tag::sequence);
  if (!body) return {};
  DerReader reader(*body);
  const auto version = reader.next(der_tag::integer);
  const auto number = reader.next(der_tag::octet_string);
  if (!version || der_integer(*version) != 1U || !number) return {};
  reader.next(der_tag::context_0);
  EcParts parts{.number = *number};
  if (const auto tagged = reader.next(der_tag::context_1)) {
    const auto bits = der_content(*tagged, der_tag::bit_string).value_or(BytesView());
    if (bits.size() < 2) return {};
    parts.point = bits.subspan(1);
  }
  if (!reader.at_end()) return {};
  return parts;
}

/// A private key on a named curve.
Result<EvpPkeyPtr> decode_ec(int curve, BytesView der) {
  const auto parts = split_ec(der);
  if (!parts) return malformed("the EC private key is malformed");
  const EcGroupPtr group(EC_GROUP_new_by_curve_name_ex(private_lib_ctx(), nullptr, curve));
  const BnPtr scalar(BN_secure_new());
  if (group == nullptr || scalar == nullptr) {
    return Failure(error_from_openssl(Errc::unsupported, "the EC key's curve is not supported"));
  }
  BN_bin2bn(parts->number.data(), static_cast<int>(parts->number.size()), scalar.get());
  auto point = ec_public_point(group.get(), scalar.get(), parts->point);
  if (!point) return Failure(point.error());
  auto pkey = make_ec(curve, parts->number, *std::move(point));
  if (pkey == nullptr) return malformed("the EC private key is malformed");
  return pkey;
}

bool is_checked(EVP_PKEY* pkey) {
  const EvpPkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), pkey, nullptr));
  return ctx != nullptr && EVP_PKEY_check(ctx.get()) == 1;
}

/// Every other key type that OpenSSL knows.
Result<EvpPkeyPtr> decode_other(BytesView pkcs8) {
  const auto* start = pkcs8.data();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &start, static_cast<long>(pkcs8.size())));
  if (info == nullptr || start != pkcs8.data() + pkcs8.size()) {
    return malformed("the private key is not PKCS#8");
  }
  EvpPkeyPtr pkey(EVP_PKCS82PKEY_ex(info.get(), private_lib_ctx(), nullptr));
  if (pkey == nullptr) {
    return Failure(
        error_from_openssl(Errc::unsupported, "this kind of private key is not supported"));
  }
  if (!is_checked(pkey.get())) return malformed("the private key fails its check");
  if (EVP_PKEY_is_a(pkey.get(), "EC") == 1 &&
      EVP_PKEY_set_utf8_string_param(pkey.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                     OSSL_PKEY_EC_ENCODING_GROUP) != 1) {
    return Failure(error_from_openssl(Errc::unsupported, "the EC key's curve has no name"));
  }
  return pkey;
}

}  // namespace

Result<EvpPkeyPtr> decode_pkcs8(BytesView pkcs8) {
  const OpensslErrorMark mark;
  const auto parts = split(pkcs8);
  if (!parts) return malformed("the private key is not PKCS#8");
  switch (parts->algorithm) {
    case NID_rsaEncryption:
      return decode_rsa(parts->key);
    case NID_X9_62_id_ecPublicKey:
      if (parts->curve != NID_undef) return decode_ec(parts->curve, parts->key);
      // OpenSSL takes more, and would write it as it came.
      return split_ec(parts->key) ? decode_other(pkcs8)
                                  : Failure(malformed("the EC private key is malformed"));
    case NID_ED25519:
      return decode_raw("ED25519", *parts);
    case NID_ED448:
      return decode_raw("ED448", *parts);
    case NID_X25519:
      return decode_raw("X25519", *parts);
    case NID_X448:
      return decode_raw("X448", *parts);
    default:
      return decode_other(pkcs8);
  }
}

bool is_sound(BytesView pkcs8) {
  const OpensslErrorMark mark;
  const auto parts = split(pkcs8);
  return parts && (parts->algorithm != NID_rsaEncryption || has_prime_factors(parts->key));
}

bool is_of_foreign_kind(BytesView pkcs8) {
  const OpensslErrorMark mark;
  const auto* start = pkcs8.data();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &start, static_cast<long>(pkcs8.size())));
  if (info == nullptr) return false;
  const X509_ALGOR* algorithm = nullptr;
  PKCS8_pkey_get0(nullptr, nullptr, nullptr, &algorithm, info.get());
  std::array<char, 128> oid = {};
  OBJ_obj2txt(oid.data(), oid.size(), algorithm->algorithm, 1);
  return EvpKeymgmtPtr(EVP_KEYMGMT_fetch(private_lib_ctx(), oid.data(), nullptr)) == nullptr;
}

bool has_explicit_curve(BytesView pkcs8) {
  const auto parts = split(pkcs8);
  return parts && parts->algorithm == NID_X9_62_id_ecPublicKey && parts->curve == NID_undef;
}

Result<Secret> encode_pkcs8(const EVP_PKEY* pkey) {
  const OpensslErrorMark mark;
  const Pkcs8Ptr info(EVP_PKEY2PKCS8(pkey));
  const int size = info == nullptr ? 0 : i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  if (size <= 0) {
    return Failure(error_from_openssl(Errc::unsupported, "cannot encode the private key"));
  }
  Secret pkcs8(static_cast<std::size_t>(size));
  auto* out = pkcs8.writable().data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &out);
  return pkcs8;
}

}  // namespace keystore
