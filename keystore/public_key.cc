#include "keystore/public_key.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>

#include "keystore/internal/der.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/public_key_parsed.h"
#include "keystore/internal/sign_params.h"
#include "keystore/internal/usual_spki.h"

namespace keystore {
namespace {

struct TypeRow {
  const char* openssl_name;
  int nid;
  KeyType type;
};

constexpr TypeRow type_rows[] = {
    {"RSA", NID_rsaEncryption, KeyType::rsa},
    {"RSA-PSS", NID_rsassaPss, KeyType::rsa},
    {"EC", NID_X9_62_id_ecPublicKey, KeyType::ec},
    {"ED25519", NID_ED25519, KeyType::ed25519},
    {"ED448", NID_ED448, KeyType::ed448},
    {"X25519", NID_X25519, KeyType::x25519},
    {"X448", NID_X448, KeyType::x448},
    {"DSA", NID_dsa, KeyType::dsa},
};

struct CurveRow {
  std::string_view openssl_name;
  std::string_view name;
};

constexpr CurveRow curve_rows[] = {
    {"prime256v1", "P-256"}, {"secp384r1", "P-384"}, {"secp521r1", "P-521"}};

std::string curve_of(const EVP_PKEY* pkey) {
  std::array<char, 80> name = {};
  if (EVP_PKEY_get_group_name(pkey, name.data(), name.size(), nullptr) != 1) return {};
  for (const auto& row : curve_rows) {
    if (row.openssl_name == name.data()) return std::string(row.name);
  }
  return name.data();
}

/// Contents of the two parts of a SubjectPublicKeyInfo.
struct SpkiParts {
  BytesView algorithm;
  BytesView bits;
};

std::optional<SpkiParts> split_spki(BytesView spki) {
  const auto body = der_content(spki, der_tag::sequence);
  if (!body) return {};
  DerReader reader(*body);
  const auto algorithm = reader.next(der_tag::sequence);
  const auto bits = reader.next(der_tag::bit_string);
  if (!algorithm || !bits || bits->empty() || !reader.at_end()) return {};
  return SpkiParts{*algorithm, bits->subspan(1)};
}

/// Why OpenSSL made no key of `spki`: it names an algorithm that nobody here knows, or is broken.
Error unreadable(BytesView spki) {
  const auto parts = split_spki(spki);
  const auto oid = parts ? DerReader(parts->algorithm).next() : std::nullopt;
  if (!oid || oid->tag != der_tag::object_identifier) {
    return error_from_openssl(Errc::malformed, "the public key is not a SubjectPublicKeyInfo");
  }
  const auto* start = oid->whole.data();
  const Asn1ObjectPtr object(
      d2i_ASN1_OBJECT(nullptr, &start, static_cast<long>(oid->whole.size())));
  const int nid = object == nullptr ? NID_undef : OBJ_obj2nid(object.get());
  if (std::ranges::find(type_rows, nid, &TypeRow::nid) != std::end(type_rows)) {
    return error_from_openssl(Errc::malformed, "the public key is malformed");
  }
  return error_from_openssl(Errc::unsupported, "public keys of this algorithm are not supported");
}

/// Curves are named, never spelled out in numbers: most programs refuse the other form.
bool name_curve(EVP_PKEY* pkey) {
  return EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
                                        OSSL_PKEY_EC_ENCODING_GROUP) == 1;
}

bool has_explicit_curve(const EVP_PKEY* pkey) {
  std::array<char, 32> encoding = {};
  return EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING, encoding.data(),
                                        encoding.size(), nullptr) == 1 &&
         std::string_view(encoding.data()) == OSSL_PKEY_EC_ENCODING_EXPLICIT;
}

/// Moves `start` behind what was read.
EvpPkeyPtr decode(const std::uint8_t*& start, std::size_t size) {
  return EvpPkeyPtr(
      d2i_PUBKEY_ex(nullptr, &start, static_cast<long>(size), private_lib_ctx(), nullptr));
}

Result<Bytes> encode(const EVP_PKEY* pkey) {
  std::uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(pkey, &der);
  if (size <= 0) {
    return Failure(error_from_openssl(Errc::unsupported, "cannot encode the public key"));
  }
  const OpensslMemoryPtr<std::uint8_t> owned(der);
  return Bytes(der, der + size);
}

bool verify_message(EVP_PKEY* pkey, BytesView message, BytesView signature) {
  const EvpMdCtxPtr ctx(EVP_MD_CTX_new());
  return ctx != nullptr &&
         EVP_DigestVerifyInit_ex(ctx.get(), nullptr, nullptr, private_lib_ctx(), nullptr, pkey,
                                 nullptr) == 1 &&
         EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace

Result<PublicKey> PublicKey::parse(BytesView spki_der) {
  auto parsed = std::make_shared<Parsed>();
  parsed->spki.assign(spki_der.begin(), spki_der.end());
  if (auto shape = shape_of_usual(spki_der)) {
    parsed->shape = *std::move(shape);
    return PublicKey(std::move(parsed));
  }
  const OpensslErrorMark mark;
  const auto* start = spki_der.data();
  auto pkey = decode(start, spki_der.size());
  if (pkey == nullptr) return Failure(unreadable(spki_der));
  if (start != spki_der.data() + spki_der.size()) {
    return fail(Errc::malformed, "the public key is followed by other octets");
  }
  if (has_explicit_curve(pkey.get())) {
    auto named = name_curve(pkey.get()) ? encode(pkey.get()) : Result<Bytes>();
    if (!named || named->empty()) {
      return fail(Errc::unsupported, "the public key's curve has no name");
    }
    parsed->spki = *std::move(named);
  }
  parsed->shape = shape_of(pkey.get());
  parsed->process_pkey.get([&pkey] { return std::move(pkey); });
  return PublicKey(std::move(parsed));
}

const Bytes& PublicKey::spki() const noexcept { return parsed_->spki; }

const KeyShape& PublicKey::shape() const noexcept { return parsed_->shape; }

Bytes PublicKey::spki_sha256() const { return hash(Digest::sha256, parsed_->spki); }

Bytes PublicKey::key_identifier() const {
  const auto parts = split_spki(parsed_->spki);
  return hash(Digest::sha1, parts ? parts->bits : BytesView());
}

Result<bool> PublicKey::verify(const SignSpec& spec, BytesView input, BytesView signature) const {
  const OpensslErrorMark mark;
  if (auto fits = check_sign_spec(parsed_->shape, spec, input); !fits) {
    return Failure(fits.error());
  }
  if (spec.algorithm == SignAlgorithm::eddsa) {
    if (!spec.context.empty()) {
      return fail(Errc::unsupported, "EdDSA with a context is not supported");
    }
    return verify_message(pkey_of(*this), input, signature);
  }
  const EvpPkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), pkey_of(*this), nullptr));
  const EvpParams params(spec);
  if (ctx == nullptr || EVP_PKEY_verify_init_ex(ctx.get(), params.get()) != 1) {
    return Failure(error_from_openssl(Errc::invalid_argument,
                                      "the public key cannot check this kind of signature"));
  }
  Bytes buffer;
  const auto octets = signed_octets(spec, input, buffer);
  return EVP_PKEY_verify(ctx.get(), signature.data(), signature.size(), octets.data(),
                         octets.size()) == 1;
}

bool operator==(const PublicKey& a, const PublicKey& b) noexcept {
  return a.parsed_ == b.parsed_ || a.parsed_->spki == b.parsed_->spki;
}

EVP_PKEY* pkey_of(const PublicKey& key) {
  return key.parsed().process_pkey.get([&key] {
    const auto* start = key.spki().data();
    return decode(start, key.spki().size());
  });
}

KeyShape shape_of(const EVP_PKEY* pkey) {
  const OpensslErrorMark mark;
  KeyShape shape{.bits = static_cast<unsigned>(EVP_PKEY_get_bits(pkey))};
  for (const auto& row : type_rows) {
    if (EVP_PKEY_is_a(pkey, row.openssl_name) == 1) shape.type = row.type;
  }
  shape.rsa_pss_only = EVP_PKEY_is_a(pkey, "RSA-PSS") == 1;
  if (shape.type == KeyType::ec) shape.curve = curve_of(pkey);
  return shape;
}

Result<PublicKey> public_key_of(const EVP_PKEY* pkey) {
  const OpensslErrorMark mark;
  auto spki = encode(pkey);
  if (!spki) return Failure(spki.error());
  return PublicKey::parse(*spki);
}

bool same_public_key(const PublicKey& a, const PublicKey& b) {
  if (a == b) return true;
  if (a.shape().type != b.shape().type) return false;
  const auto bits_a = split_spki(a.spki());
  const auto bits_b = split_spki(b.spki());
  if (a.shape().type == KeyType::rsa) {
    return bits_a && bits_b && std::ranges::equal(bits_a->bits, bits_b->bits);
  }
  const OpensslErrorMark mark;
  return EVP_PKEY_eq(pkey_of(a), pkey_of(b)) == 1;
}

}  // namespace keystore
