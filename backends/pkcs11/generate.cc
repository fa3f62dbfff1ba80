#include <fmt/format.h>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/error.h"
#include "backends/pkcs11/key.h"
#include "backends/pkcs11/new_object.h"
#include "backends/pkcs11/public_half.h"
#include "backends/pkcs11/store.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

struct Pair {
  CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
};

CK_MECHANISM_TYPE mechanism_for(KeyType type, const Quirks& quirks);
Result<Pair> generate(const Session& session, const KeySpec& spec, const NewObject& object,
                      const Names& names, const LinkedToken& linked);
Result<Key> name_and_open(OpenForWriting& open, const Pair& pair, const NewObject& object,
                          const Wanted& wanted);
void destroy(const Session& session, const Pair& pair);

}  // namespace

Result<Key> TokenStore::generate_key(const KeySpec& spec, const NewObject& object) {
  auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto& session = *open->session;
  Names names{.label = object.label, .id = object.id};
  if (names.label.empty()) names.label = wanted_.label.value_or("");
  if (names.id.empty()) names.id = wanted_.id.value_or(Bytes());
  if (auto free = check_free(session, names, {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}, open->linked);
      !free) {
    return Failure(free.error());
  }
  const auto pair = generate(session, spec, object, names, open->linked);
  if (!pair) return Failure(pair.error());
  auto key = name_and_open(*open, *pair, object, wanted_);
  if (!key) destroy(session, *pair);
  return key;
}

namespace {

CK_MECHANISM_TYPE mechanism_for(KeyType type, const Quirks& quirks) {
  switch (type) {
    case KeyType::rsa:
      return CKM_RSA_PKCS_KEY_PAIR_GEN;
    case KeyType::ed25519:
    case KeyType::ed448:
      return CKM_EC_EDWARDS_KEY_PAIR_GEN;
    case KeyType::x25519:
    case KeyType::x448:
      return quirks.montgomery_as_edwards ? CKM_EC_EDWARDS_KEY_PAIR_GEN
                                          : ckm_ec_montgomery_key_pair_gen;
    case KeyType::ec:
    case KeyType::dsa:
    case KeyType::other:
      return CKM_EC_KEY_PAIR_GEN;
  }
  return CKM_EC_KEY_PAIR_GEN;
}

Result<Pair> generate(const Session& session, const KeySpec& spec, const NewObject& object,
                      const Names& names, const LinkedToken& linked) {
  const auto type = key_type_for(spec.type);
  if (!type) return Failure(type.error());
  const auto& quirks = linked.link->token().quirks();
  auto private_template = private_key_template(*type, object, quirks);
  auto public_template = public_key_template(*type, object, quirks);
  for (auto* wanted : {&private_template, &public_template}) {
    if (!names.label.empty()) wanted->text(CKA_LABEL, names.label);
    if (!names.id.empty()) wanted->octets(CKA_ID, names.id);
  }
  if (spec.type == KeyType::rsa) {
    constexpr std::array<std::uint8_t, 3> f4 = {1, 0, 1};
    public_template.number(CKA_MODULUS_BITS, spec.bits).octets(CKA_PUBLIC_EXPONENT, f4);
  } else {
    const KeyShape shape{.type = spec.type, .curve = spec.curve};
    const auto parameters = curve_parameters(shape, quirks);
    if (!parameters) return Failure(parameters.error());
    public_template.octets(CKA_EC_PARAMS, *parameters);
  }
  CK_MECHANISM mechanism = {mechanism_for(spec.type, quirks), nullptr, 0};
  Pair pair;
  const auto rv = session.call(function::generate_key_pair, &mechanism, public_template.data(),
                               public_template.size(), private_template.data(),
                               private_template.size(), &pair.public_key, &pair.private_key);
  if (rv == CKR_OK) return pair;
  return Failure(error_from_rv(
      rv, "C_GenerateKeyPair",
      fmt::format("cannot generate a key on token '{}'", linked.link->identity().label)));
}

/// What was not named beforehand is named after the new key.
Result<Names> name_after_key(const Session& session, const Pair& pair, const NewObject& object,
                             const Wanted& wanted) {
  const auto made = read_object(session, pair.public_key, CKO_PUBLIC_KEY);
  if (!made) return Failure(made.error());
  const auto half = own_public_key(*made);
  if (!half)
    return fail(Errc::unsupported, "the token does not show the public half of the new key");
  const auto names = names_for(object, wanted, *half);
  for (const auto handle : {pair.public_key, pair.private_key}) {
    Template change;
    if (made->octets(CKA_ID).empty()) change.octets(CKA_ID, names.id);
    if (made->octets(CKA_LABEL).empty()) change.text(CKA_LABEL, names.label);
    if (change.size() == 0) break;
    const auto rv =
        session.call(function::set_attribute_value, handle, change.data(), change.size());
    if (rv != CKR_OK) {
      return Failure(error_from_rv(rv, "C_SetAttributeValue", "cannot name the new key"));
    }
  }
  return names;
}

Result<Key> name_and_open(OpenForWriting& open, const Pair& pair, const NewObject& object,
                          const Wanted& wanted) {
  const auto& session = *open.session;
  if (auto named = name_after_key(session, pair, object, wanted); !named) {
    return Failure(named.error());
  }
  const auto made = read_object(session, pair.private_key, CKO_PRIVATE_KEY);
  if (!made) return Failure(made.error());
  auto& token = open.linked.link->token();
  const auto mechanisms = token.mechanisms(open.patience);
  if (!mechanisms) return Failure(mechanisms.error());
  auto half = find_public_half(session, *made);
  if (!half) return Failure(half.error());
  return Key(make_key(open.linked.link, open.linked.uri, *made, *std::move(half), **mechanisms,
                      token.epoch()));
}

void destroy(const Session& session, const Pair& pair) {
  session.call(function::destroy_object, pair.private_key);
  session.call(function::destroy_object, pair.public_key);
}

}  // namespace
}  // namespace keystore::pkcs11
