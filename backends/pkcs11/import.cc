#include <fmt/format.h>
#include <openssl/core_names.h>

#include "backends/pkcs11/der.h"
#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/error.h"
#include "backends/pkcs11/new_object.h"
#include "backends/pkcs11/store.h"
#include "keystore/internal/der.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore::pkcs11 {
namespace {

/// A private key's parts, each in locked memory, for a template that borrows them.
struct PrivateParts {
  std::vector<std::pair<CK_ATTRIBUTE_TYPE, Secret>> values = {};
};

Result<EvpPkeyPtr> parse_pkcs8(const Secret& pkcs8);
Result<PrivateParts> private_parts(const EVP_PKEY* key, const KeyShape& shape);
Result<void> add_public_parts(Template& wanted, const EVP_PKEY* key, const KeyShape& shape,
                              const Quirks& quirks, bool with_point);
/// The INTEGER of a certificate's serial number as it stands there (RFC 5280, 4.1).
BytesView serial_number(BytesView certificate);
Result<CK_OBJECT_HANDLE> create_object(const Session& session, Template& wanted,
                                       std::string_view what, const TokenIdentity& token);

}  // namespace

Result<Entry> TokenStore::import_key(const Secret& pkcs8, const NewObject& object) {
  const auto key = parse_pkcs8(pkcs8);
  if (!key) return Failure(key.error());
  auto half = public_key_of(key->get());
  if (!half) return Failure(half.error());
  const auto shape = half->shape();
  const auto type = key_type_for(shape.type);
  if (!type) return Failure(type.error());
  auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto& session = *open->session;
  const auto& quirks = open->linked.link->token().quirks();
  const auto names = names_for(object, wanted_, *half);
  if (auto free = check_free(session, names, {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}, open->linked);
      !free) {
    return Failure(free.error());
  }
  const auto parts = private_parts(key->get(), shape);
  if (!parts) return Failure(parts.error());
  auto private_template = private_key_template(*type, object);
  auto public_template = public_key_template(*type, object);
  for (auto* wanted : {&private_template, &public_template}) {
    wanted->text(CKA_LABEL, names.label).octets(CKA_ID, names.id);
    auto added = add_public_parts(*wanted, key->get(), shape, quirks, wanted == &public_template);
    if (!added) return Failure(added.error());
  }
  for (const auto& [attribute, value] : parts->values)
    private_template.secret(attribute, value.view());
  const auto& token = open->linked.link->identity();
  auto private_key = create_object(session, private_template, "private key", token);
  if (!private_key) return Failure(private_key.error());
  if (auto public_key = create_object(session, public_template, "public key", token); !public_key) {
    session.call(function::destroy_object, *private_key);
    return Failure(public_key.error());
  }
  auto made = read_object(session, *private_key, CKO_PRIVATE_KEY);
  if (!made) return Failure(made.error());
  return make_entry(open->linked.uri, *made, std::move(*half));
}

Result<Entry> TokenStore::import_certificate(const Certificate& certificate,
                                             const NewObject& object) {
  const auto key = certificate.public_key();
  if (!key) return Failure(key.error());
  auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto& session = *open->session;
  const auto names = names_for(object, wanted_, *key);
  // Issuers share their label with the leaf's family at times: the certificate itself decides.
  auto same = Template::on_token(CKO_CERTIFICATE);
  same.octets(CKA_VALUE, certificate.der());
  const auto there = find_objects(session, same);
  if (!there) return Failure(there.error());
  if (!there->empty()) {
    return fail(Errc::already_exists,
                fmt::format("token '{}' already has the certificate of {}",
                            open->linked.link->identity().label, certificate.subject()));
  }
  if (auto free = check_free(session, names, {CKO_CERTIFICATE}, open->linked); !free) {
    return Failure(free.error());
  }
  Template wanted;
  wanted.number(CKA_CLASS, CKO_CERTIFICATE).number(CKA_CERTIFICATE_TYPE, CKC_X_509);
  wanted.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false);
  wanted.text(CKA_LABEL, names.label).octets(CKA_ID, names.id);
  wanted.octets(CKA_SUBJECT, certificate.subject_der())
      .octets(CKA_ISSUER, certificate.issuer_der())
      // An attribute that may be left out by the standard, but not on NSS.
      .octets(CKA_SERIAL_NUMBER, serial_number(certificate.der()));
  wanted.octets(CKA_VALUE, certificate.der());
  const auto made = create_object(session, wanted, "certificate", open->linked.link->identity());
  if (!made) return Failure(made.error());
  auto read = read_object(session, *made, CKO_CERTIFICATE);
  if (!read) return Failure(read.error());
  return make_entry(open->linked.uri, *read, {});
}

namespace {

Result<EvpPkeyPtr> parse_pkcs8(const Secret& pkcs8) {
  const OpensslErrorMark mark;
  const auto* place = pkcs8.view().data();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &place, static_cast<long>(pkcs8.size())));
  EvpPkeyPtr key(info == nullptr ? nullptr
                                 : EVP_PKCS82PKEY_ex(info.get(), private_lib_ctx(), nullptr));
  if (key == nullptr)
    return Failure(error_from_openssl(Errc::malformed, "cannot read the private key to import"));
  return key;
}

Result<Secret> number(const EVP_PKEY* key, const char* name, std::size_t size = 0) {
  BIGNUM* value = nullptr;
  EVP_PKEY_get_bn_param(key, name, &value);
  const BnPtr owned(value);
  if (owned == nullptr)
    return fail(Errc::malformed, "cannot import the key: a part of it is missing");
  Secret out(size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2binpad(value, out.writable().data(), static_cast<int>(out.size()));
  return out;
}

Result<PrivateParts> rsa_parts(const EVP_PKEY* key) {
  constexpr std::array rows = {
      std::pair{CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D},
      std::pair{CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1},
      std::pair{CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2},
      std::pair{CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1},
      std::pair{CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2},
      std::pair{CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
  };
  PrivateParts parts;
  for (const auto& [attribute, name] : rows) {
    auto value = number(key, name);
    if (!value) return Failure(value.error());
    parts.values.emplace_back(attribute, std::move(*value));
  }
  return parts;
}

Result<PrivateParts> private_parts(const EVP_PKEY* key, const KeyShape& shape) {
  const OpensslErrorMark mark;
  if (shape.type == KeyType::rsa) return rsa_parts(key);
  PrivateParts parts;
  if (shape.type == KeyType::ec) {
    auto value = number(key, OSSL_PKEY_PARAM_PRIV_KEY, (shape.bits + 7) / 8);
    if (!value) return Failure(value.error());
    parts.values.emplace_back(CKA_VALUE, std::move(*value));
    return parts;
  }
  std::size_t size = 0;
  EVP_PKEY_get_raw_private_key(key, nullptr, &size);
  Secret value(size);
  if (size == 0 || EVP_PKEY_get_raw_private_key(key, value.writable().data(), &size) != 1) {
    return Failure(
        error_from_openssl(Errc::malformed, "cannot import the key: its private part is missing"));
  }
  parts.values.emplace_back(CKA_VALUE, std::move(value));
  return parts;
}

Result<void> add_public_parts(Template& wanted, const EVP_PKEY* key, const KeyShape& shape,
                              const Quirks& quirks, bool with_point) {
  const OpensslErrorMark mark;
  if (shape.type == KeyType::rsa) {
    for (const auto& [attribute, name] : {std::pair{CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N},
                                          std::pair{CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E}}) {
      const auto value = number(key, name);
      if (!value) return Failure(value.error());
      wanted.octets(attribute, value->view());
    }
    return {};
  }
  const auto parameters = curve_parameters(shape, quirks);
  if (!parameters) return Failure(parameters.error());
  wanted.octets(CKA_EC_PARAMS, *parameters);
  if (!with_point) return {};
  std::size_t size = 0;
  EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0, &size);
  Bytes point(size);
  EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), size, &size);
  wanted.octets(CKA_EC_POINT, der::element(der::octet_string_tag, {point}));
  return {};
}

BytesView serial_number(BytesView certificate) {
  const auto outer = DerReader(certificate).next(der_tag::sequence);
  const auto signed_part = DerReader(outer.value_or(BytesView())).next(der_tag::sequence);
  DerReader fields(signed_part.value_or(BytesView()));
  fields.next(der_tag::context_0);  // the version
  const auto serial = fields.next();
  return serial ? serial->whole : BytesView();
}

Result<CK_OBJECT_HANDLE> create_object(const Session& session, Template& wanted,
                                       std::string_view what, const TokenIdentity& token) {
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  const auto rv = session.call(function::create_object, wanted.data(), wanted.size(), &made);
  if (rv == CKR_OK) return made;
  return Failure(error_from_rv(
      rv, "C_CreateObject", fmt::format("cannot put the {} onto token '{}'", what, token.label)));
}

}  // namespace
}  // namespace keystore::pkcs11
