#include <openssl/core_names.h>

#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/handover.h"
#include "bindings/openssl/provider/key_object.h"
#include "bindings/openssl/provider/keymgmt.h"
#include "keystore/internal/lib_ctx.h"

namespace keystore::provider {
namespace {

bool has_private_param(const OSSL_PARAM params[]) {
  return OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY) != nullptr ||
         OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_D) != nullptr;
}

// The key that pkey() of the application's binding hands over; null for every other import.
const Handover* handover_of(const KeyObject& object, const OSSL_PARAM params[]) {
  if (object.provider->flavour() != Flavour::built_in) return nullptr;
  const auto* param = OSSL_PARAM_locate_const(params, Handover::param_name);
  const void* data = nullptr;
  std::size_t size = 0;
  if (param == nullptr || !OSSL_PARAM_get_octet_ptr(param, &data, &size)) return nullptr;
  const auto* handover = static_cast<const Handover*>(data);
  if (size != sizeof(Handover) || handover->magic != Handover::expected_magic ||
      handover->version != Handover::expected_version) {
    return nullptr;
  }
  return handover;
}

int take_over(KeyObject& object, const Key& key) {
  auto material = material_of(*object.provider, key);
  if (!material) {
    raise(*object.provider, material.error());
    return 0;
  }
  if (kind_of(key.public_key()->shape()) != object.kind) {
    raise(*object.provider, Errc::invalid_argument,
          "key " + key.uri().canonical() + " is not of type " + type_name(object.kind));
    return 0;
  }
  object.material = std::move(*material);
  return 1;
}

Holds holds_of(int selection) {
  if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) return Holds::both_halves;
  return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) ? Holds::public_half : Holds::parameters;
}

// Peers' public keys, and, when ours is the preferred provider, private keys that a program builds
// from numbers: it expects them to work, so they become keys of the software fallback.
int import_copy(KeyObject& object, int selection, const OSSL_PARAM params[]) {
  if (!has_private_param(params)) selection &= ~OSSL_KEYMGMT_SELECT_PRIVATE_KEY;
  const EvpPkeyCtxPtr context(
      EVP_PKEY_CTX_new_from_name(private_lib_ctx(), type_name(object.kind), nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, selection, const_cast<OSSL_PARAM*>(params)) != 1) {
    return 0;
  }
  object.material = material_of(EvpPkeyPtr(made), holds_of(selection));
  return 1;
}

}  // namespace

int keymgmt_import(void* data, int selection, const OSSL_PARAM params[]) noexcept {
  auto& object = *static_cast<KeyObject*>(data);
  return guard(*object.provider, 0, [&] {
    if (const auto* handover = handover_of(object, params))
      return take_over(object, *handover->key);
    return import_copy(object, selection, params);
  });
}

// libcrypto asks for everything first, to use the key in another provider. The refusal brings it
// back to us; it raises nothing, because it is no failure of anybody's.
int keymgmt_export(void* data, int selection, OSSL_CALLBACK* callback, void* argument) noexcept {
  const auto& object = *static_cast<const KeyObject*>(data);
  if (!object.material) return 0;
  const bool private_asked = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
  if (private_asked && !object.material->software()) return 0;
  return guard(*object.provider, 0, [&] {
    OSSL_PARAM* params = nullptr;
    if (!EVP_PKEY_todata(object.material->mirror(), selection, &params)) return 0;
    const OsslParamPtr owned(params);
    return callback(params, argument);
  });
}

const OSSL_PARAM* keymgmt_transfer_types(int selection) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MASKGENFUNC, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, nullptr),
      OSSL_PARAM_END};
  static const OSSL_PARAM none[] = {OSSL_PARAM_END};
  return selection == 0 ? none : table;
}

}  // namespace keystore::provider
