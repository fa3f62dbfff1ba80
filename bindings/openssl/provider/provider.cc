#include "bindings/openssl/provider/provider.h"

#include <openssl/core_names.h>

#include <array>
#include <memory>

#include "bindings/openssl/provider/algorithms.h"
#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "bindings/openssl/provider/groups.h"

namespace keystore::provider {
namespace {

constexpr const char* version = KEYSTORE_VERSION;

const OSSL_PARAM* gettable_params(void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, nullptr, 0),
      OSSL_PARAM_DEFN(OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, nullptr, 0),
      OSSL_PARAM_DEFN(OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, nullptr, 0),
      OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, nullptr, 0), OSSL_PARAM_END};
  return table;
}

bool answer_pointer(OSSL_PARAM params[], const char* name, const char* text) {
  auto* param = OSSL_PARAM_locate(params, name);
  return param == nullptr || OSSL_PARAM_set_utf8_ptr(param, text);
}

int get_params(void*, OSSL_PARAM params[]) noexcept {
  return answer_pointer(params, OSSL_PROV_PARAM_NAME, "Keystore") &&
         answer_pointer(params, OSSL_PROV_PARAM_VERSION, version) &&
         answer_pointer(params, OSSL_PROV_PARAM_BUILDINFO, version) &&
         answer_int(params, OSSL_PROV_PARAM_STATUS, 1);
}

// Answers inside a module too: OpenSSL remembers an empty answer for good.
const OSSL_ALGORITHM* query(void* context, int operation, int* no_cache) noexcept {
  *no_cache = 0;
  return algorithms_of(*static_cast<const Provider*>(context), operation);
}

const OSSL_ITEM* reasons(void*) noexcept { return reason_strings(); }

const OSSL_DISPATCH* table() noexcept {
  static const std::array rows = {
      entry<OSSL_FUNC_provider_teardown_fn>(OSSL_FUNC_PROVIDER_TEARDOWN, destroy<Provider>),
      entry<OSSL_FUNC_provider_gettable_params_fn>(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS,
                                                   gettable_params),
      entry<OSSL_FUNC_provider_get_params_fn>(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params),
      entry<OSSL_FUNC_provider_query_operation_fn>(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
      entry<OSSL_FUNC_provider_get_reason_strings_fn>(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS,
                                                      reasons),
      entry<OSSL_FUNC_provider_get_capabilities_fn>(OSSL_FUNC_PROVIDER_GET_CAPABILITIES,
                                                    relay_capabilities),
      last_entry};
  return rows.data();
}

}  // namespace

const char* name_of(Flavour flavour) noexcept {
  return flavour == Flavour::module ? "keystore" : "keystore-app";
}

int init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
         void** provider_context, Flavour flavour) noexcept {
  return quiet_guard(0, [&] {
    const Core core(in);
    if (!core.complete()) return 0;
    *provider_context = std::make_unique<Provider>(handle, core, flavour).release();
    *out = table();
    return 1;
  });
}

}  // namespace keystore::provider
