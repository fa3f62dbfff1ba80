#include "bindings/openssl/provider/groups.h"

#include <openssl/core_names.h>

#include <string_view>

#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "keystore/internal/lib_ctx.h"

namespace keystore::provider {
namespace {

struct Relay {
  OSSL_CALLBACK* callback;
  void* argument;
};

int pass_on_if_ec(const OSSL_PARAM params[], void* argument) {
  const auto& relay = *static_cast<const Relay*>(argument);
  if (text_param(params, OSSL_CAPABILITY_TLS_GROUP_ALG) != "EC") return 1;
  return relay.callback(params, relay.argument);
}

}  // namespace

int relay_capabilities(void* context, const char* capability, OSSL_CALLBACK* callback,
                       void* argument) noexcept {
  if (std::string_view(capability) != "TLS-GROUP") return 0;
  return guard(*static_cast<const Provider*>(context), 0, [&] {
    const OsslProviderPtr source(OSSL_PROVIDER_load(private_lib_ctx(), "default"));
    Relay relay = {callback, argument};
    return source ? OSSL_PROVIDER_get_capabilities(source.get(), capability, pass_on_if_ec, &relay)
                  : 0;
  });
}

}  // namespace keystore::provider
