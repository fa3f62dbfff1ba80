#include "bindings/openssl/provider/keymgmt.h"

#include <openssl/core_names.h>

#include <array>

#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "bindings/openssl/provider/key_object.h"
#include "keystore/internal/lib_ctx.h"

namespace keystore::provider {
namespace {

KeyObject& object_of(void* object) { return *static_cast<KeyObject*>(object); }
const KeyObject& object_of(const void* object) { return *static_cast<const KeyObject*>(object); }

template <KeyKind kind>
void* make(void* context) noexcept {
  const auto& provider = *static_cast<const Provider*>(context);
  return guard<void*>(provider, nullptr, [&] { return new KeyObject{&provider, kind, {}}; });
}

template <KeyKind kind>
void* load(const void* reference, std::size_t size) noexcept {
  if (reference == nullptr || size != sizeof(EmittedKey)) return nullptr;
  auto& emitted = *static_cast<EmittedKey*>(const_cast<void*>(reference));
  if (emitted.object == nullptr || emitted.object->provider != emitted.provider ||
      emitted.object->kind != kind) {
    return nullptr;
  }
  return std::exchange(emitted.object, nullptr);
}

int has(const void* object, int selection) noexcept {
  if (object == nullptr) return 0;
  const auto& material = object_of(object).material;
  if (selection == 0) return 1;
  if (material == nullptr) return 0;
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && !material->has_private()) return 0;
  const bool bare = material->holds == Holds::parameters;
  return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) && bare ? 0 : 1;
}

int match(const void* a, const void* b, int selection) noexcept {
  return quiet_guard(0, [&] {
    const auto &first = object_of(a), &second = object_of(b);
    if (first.kind != second.kind || !first.material || !second.material) return 0;
    const auto *x = first.material->mirror(), *y = second.material->mirror();
    const bool keys = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0;
    return (keys ? EVP_PKEY_eq(x, y) : EVP_PKEY_parameters_eq(x, y)) == 1 ? 1 : 0;
  });
}

int validate(const void* object, int selection, int) noexcept {
  const auto& key = object_of(object);
  return guard(*key.provider, 0, [&] {
    if (!key.material) return 0;
    EvpPkeyCtxPtr check(
        EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), key.material->mirror(), nullptr));
    const bool whole = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && key.material->software();
    return (whole ? EVP_PKEY_check(check.get()) : EVP_PKEY_public_check(check.get())) == 1 ? 1 : 0;
  });
}

bool is_figure(std::string_view name) {
  return name == OSSL_PKEY_PARAM_BITS || name == OSSL_PKEY_PARAM_SECURITY_BITS ||
         name == OSSL_PKEY_PARAM_MAX_SIZE;
}

bool asks_for_figures_only(const OSSL_PARAM params[]) {
  for (; params->key != nullptr; ++params) {
    if (!is_figure(params->key)) return false;
  }
  return true;
}

int answer_figures(const KeyFigures& figures, OSSL_PARAM params[]) {
  return answer_int(params, OSSL_PKEY_PARAM_BITS, figures.bits) &&
         answer_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, figures.security_bits) &&
         answer_int(params, OSSL_PKEY_PARAM_MAX_SIZE, static_cast<int>(figures.max_size));
}

int get_params(void* object, OSSL_PARAM params[]) noexcept {
  const auto& key = object_of(object);
  return guard(*key.provider, 0, [&] {
    if (!key.material) return 0;
    if (asks_for_figures_only(params)) return answer_figures(key.material->figures, params);
    return EVP_PKEY_get_params(key.material->mirror(), params);
  });
}

// A key that is being put together (the peer's key share in TLS) is changed on a copy, because
// other objects may share the material. Of a store's key only the way it is written can change.
int set_params(void* object, const OSSL_PARAM params[]) noexcept {
  auto& key = object_of(object);
  return guard(*key.provider, 0, [&] {
    if (params == nullptr || params[0].key == nullptr) return 1;
    const bool keyed = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
    if (!key.material || (key.material->key && keyed)) return 0;
    EvpPkeyPtr changed(EVP_PKEY_dup(key.material->mirror()));
    if (!changed || !EVP_PKEY_set_params(changed.get(), const_cast<OSSL_PARAM*>(params))) return 0;
    key.material = keyed ? material_of(std::move(changed), Holds::public_half)
                         : with_mirror(*key.material, std::move(changed));
    return 1;
  });
}

void* dup(const void* object, int selection) noexcept {
  const auto& key = object_of(object);
  return guard<void*>(*key.provider, nullptr, [&]() -> void* {
    auto copy = std::make_unique<KeyObject>(key);
    const bool parameters_only = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0;
    if (parameters_only && key.material) {
      EvpPkeyPtr bare(EVP_PKEY_new());
      if (!EVP_PKEY_copy_parameters(bare.get(), key.material->mirror())) return nullptr;
      copy->material = material_of(std::move(bare), Holds::parameters);
    }
    return copy.release();
  });
}

const OSSL_PARAM* gettable_params(void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_X, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_Y, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, nullptr, 0),
      OSSL_PARAM_END};
  return table;
}

const OSSL_PARAM* settable_params(void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, nullptr, 0),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_USE_COFACTOR_ECDH, nullptr),
      OSSL_PARAM_END};
  return table;
}

template <KeyKind kind>
const char* operation_name(int operation) noexcept {
  if constexpr (kind == KeyKind::ec) return operation == OSSL_OP_SIGNATURE ? "ECDSA" : "ECDH";
  if constexpr (kind == KeyKind::ed25519) return "ED25519";
  if constexpr (kind == KeyKind::ed448) return "ED448";
  if constexpr (is_montgomery(kind)) return type_name(kind);
  (void)operation;
  return "RSA";
}

template <KeyKind kind>
const OSSL_DISPATCH* table() noexcept {
  static const std::array rows = {
      entry<OSSL_FUNC_keymgmt_new_fn>(OSSL_FUNC_KEYMGMT_NEW, make<kind>),
      entry<OSSL_FUNC_keymgmt_free_fn>(OSSL_FUNC_KEYMGMT_FREE, destroy<KeyObject>),
      entry<OSSL_FUNC_keymgmt_load_fn>(OSSL_FUNC_KEYMGMT_LOAD, load<kind>),
      entry<OSSL_FUNC_keymgmt_has_fn>(OSSL_FUNC_KEYMGMT_HAS, has),
      entry<OSSL_FUNC_keymgmt_match_fn>(OSSL_FUNC_KEYMGMT_MATCH, match),
      entry<OSSL_FUNC_keymgmt_validate_fn>(OSSL_FUNC_KEYMGMT_VALIDATE, validate),
      entry<OSSL_FUNC_keymgmt_import_fn>(OSSL_FUNC_KEYMGMT_IMPORT, keymgmt_import),
      entry<OSSL_FUNC_keymgmt_import_types_fn>(OSSL_FUNC_KEYMGMT_IMPORT_TYPES,
                                               keymgmt_transfer_types),
      entry<OSSL_FUNC_keymgmt_export_fn>(OSSL_FUNC_KEYMGMT_EXPORT, keymgmt_export),
      entry<OSSL_FUNC_keymgmt_export_types_fn>(OSSL_FUNC_KEYMGMT_EXPORT_TYPES,
                                               keymgmt_transfer_types),
      entry<OSSL_FUNC_keymgmt_get_params_fn>(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),
      entry<OSSL_FUNC_keymgmt_gettable_params_fn>(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS,
                                                  gettable_params),
      entry<OSSL_FUNC_keymgmt_set_params_fn>(OSSL_FUNC_KEYMGMT_SET_PARAMS, set_params),
      entry<OSSL_FUNC_keymgmt_settable_params_fn>(OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS,
                                                  settable_params),
      entry<OSSL_FUNC_keymgmt_query_operation_name_fn>(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME,
                                                       operation_name<kind>),
      entry<OSSL_FUNC_keymgmt_dup_fn>(OSSL_FUNC_KEYMGMT_DUP, dup),
      entry<OSSL_FUNC_keymgmt_gen_init_fn>(OSSL_FUNC_KEYMGMT_GEN_INIT, keymgmt_gen_init<kind>),
      entry<OSSL_FUNC_keymgmt_gen_set_template_fn>(OSSL_FUNC_KEYMGMT_GEN_SET_TEMPLATE,
                                                   keymgmt_gen_set_template),
      entry<OSSL_FUNC_keymgmt_gen_set_params_fn>(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS,
                                                 keymgmt_gen_set_params),
      entry<OSSL_FUNC_keymgmt_gen_settable_params_fn>(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS,
                                                      keymgmt_gen_settable_params),
      entry<OSSL_FUNC_keymgmt_gen_fn>(OSSL_FUNC_KEYMGMT_GEN, keymgmt_gen),
      entry<OSSL_FUNC_keymgmt_gen_cleanup_fn>(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, keymgmt_gen_cleanup),
      last_entry};
  return rows.data();
}

}  // namespace

const OSSL_DISPATCH* keymgmt_table(KeyKind kind) noexcept {
  return with_kind(kind, []<KeyKind known>() { return table<known>(); });
}

}  // namespace keystore::provider
