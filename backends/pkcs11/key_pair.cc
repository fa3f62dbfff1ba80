#include "backends/pkcs11/key_pair.h"

#include <fmt/format.h>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/error.h"
#include "backends/pkcs11/private_parts.h"
#include "backends/pkcs11/rv_table.h"
#include "keystore/internal/pkcs8.h"
#include "keystore/internal/public_key_parsed.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

Result<TemporaryObject> create_public_key(const OpenForWriting& open, const NewPrivateKey& key);
void keep_restriction(const Session& session, CK_OBJECT_HANDLE private_key,
                      const NewPrivateKey& key);

}  // namespace

Result<PrivateKeyMaterial> PrivateKeyMaterial::parse(const Secret& pkcs8) {
  auto key = decode_pkcs8(pkcs8.view());
  if (!key) {
    auto error = std::move(key).error();
    error.message = fmt::format("cannot read the private key to import: {}", error.message);
    return Failure(std::move(error));
  }
  auto half = public_key_of(key->get());
  if (!half) return Failure(half.error());
  const auto type = key_type_for(half->shape().type);
  if (!type) return Failure(type.error());
  return PrivateKeyMaterial{*std::move(key), std::move(*half), *type};
}

Template NewPrivateKey::attributes(const Quirks& quirks) const {
  auto wanted = private_key_template(type, object, quirks, on_token);
  wanted.text(CKA_LABEL, names.label).octets(CKA_ID, names.id);
  return wanted;
}

Result<Entry> finish_pair(const OpenForWriting& open, const NewPrivateKey& key,
                          TemporaryObject private_key) {
  auto public_key = create_public_key(open, key);
  if (!public_key) return Failure(public_key.error());
  keep_restriction(*open.session, private_key.handle(), key);
  const auto made = read_object(*open.session, private_key.handle(), CKO_PRIVATE_KEY);
  if (!made) return Failure(made.error());
  private_key.keep();
  public_key->keep();
  return make_entry(open.linked.uri, *made, key.half);
}

namespace {

Result<TemporaryObject> create_public_key(const OpenForWriting& open, const NewPrivateKey& key) {
  const auto shape = key.half.shape();
  const auto parts = public_parts(key.key, shape);
  if (!parts) return Failure(parts.error());
  auto wanted = public_key_template(key.type, key.object, open.linked.link->token().quirks());
  wanted.text(CKA_LABEL, key.names.label).octets(CKA_ID, key.names.id);
  for (const auto& [attribute, value] : *parts) wanted.secret(attribute, value.view());
  const auto& link = *open.linked.link;
  if (shape.type != KeyType::rsa) {
    const auto parameters = curve_parameters(shape, link.token().quirks());
    if (!parameters) return Failure(parameters.error());
    wanted.octets(CKA_EC_PARAMS, *parameters);
  }
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  const auto rv = open.session->call(function::create_object, wanted.data(), wanted.size(), &made);
  if (rv == CKR_OK) return TemporaryObject(*open.session, made);
  return Failure(error_from_rv(
      rv, "C_CreateObject",
      fmt::format("cannot put the public key onto token '{}'", link.identity().label)));
}

/// Tokens know RSA keys alone: that one is for PSS, and with which parameters (RFC 4055, 3.1),
/// stays in its SubjectPublicKeyInfo (PKCS#11 2.40, 2.1.3), where the token keeps one.
void keep_restriction(const Session& session, CK_OBJECT_HANDLE private_key,
                      const NewPrivateKey& key) {
  if (!key.half.shape().rsa_pss_only) return;
  Template change;
  change.octets(CKA_PUBLIC_KEY_INFO, key.half.spki());
  const auto rv =
      session.call(function::set_attribute_value, private_key, change.data(), change.size());
  if (rv == CKR_OK) return;
  log(LogLevel::warning,
      fmt::format("the token does not keep that key '{}' is restricted to PSS ({}): store its "
                  "certificate beside it",
                  key.names.label, rv_name(rv)));
}

}  // namespace
}  // namespace keystore::pkcs11
