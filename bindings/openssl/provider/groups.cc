#include "bindings/openssl/provider/groups.h"

#include <openssl/core_names.h>

#include <string_view>

#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "keystore/internal/lib_ctx.h"

namespace keystore::provider {
namespace {

struct Relay {
  bool montgomery;
  OSSL_CALLBACK* callback;
  void* argument;
};

bool offers(bool montgomery, std::string_view algorithm) {
  return algorithm == "EC" || (montgomery && (algorithm == "X25519" || algorithm == "X448"));
}

int pass_on_if_offered(const OSSL_PARAM params[], void* argument) {
  const auto& relay = *static_cast<const Relay*>(argument);
  const auto algorithm = text_param(params, OSSL_CAPABILITY_TLS_GROUP_ALG);
  if (!algorithm || !offers(relay.montgomery, *algorithm)) return 1;
  return relay.callback(params, relay.argument);
}

}  // namespace

int relay_capabilities(void* context, const char* capability, OSSL_CALLBACK* callback,
                       void* argument) noexcept {
  if (std::string_view(capability) != "TLS-GROUP") return 0;
  const auto& provider = *static_cast<const Provider*>(context);
  return guard(provider, 0, [&] {
    const OsslProviderPtr source(OSSL_PROVIDER_load(private_lib_ctx(), "default"));
    Relay relay = {provider.montgomery(), callback, argument};
    return source ? OSSL_PROVIDER_get_capabilities(source.get(), capability, pass_on_if_offered,
                                                   &relay)
                  : 0;
  });
}

}  // namespace keystore::provider
