#include "bindings/openssl/tls/pkey.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <atomic>

#include "bindings/openssl/provider/handover.h"
#include "bindings/openssl/provider/key_kind.h"
#include "bindings/openssl/provider/provider.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::openssl {
namespace {

constexpr const char* our_name = "keystore-app";

int built_in_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                  const OSSL_DISPATCH** out, void** context) {
  return provider::init(handle, in, out, context, provider::Flavour::built_in);
}

// Asking for `default` first reads the configuration and activates what it says, or the fallback;
// loading ours alone would switch that off. It is never unloaded: keys may outlive everything.
bool provide(OSSL_LIB_CTX* context) {
  if (OSSL_PROVIDER_available(context, our_name)) return true;
  OSSL_PROVIDER_available(context, "default");
  // Adding it a second time fails, which is as good: another thread was faster.
  OSSL_PROVIDER_add_builtin(context, our_name, built_in_init);
  static std::atomic<OSSL_PROVIDER*> kept;  // where leak checkers find it
  kept = OSSL_PROVIDER_try_load(context, our_name, 1);
  return kept != nullptr;
}

Failure refused(const Key& key) {
  return fail(Errc::internal, "OpenSSL did not take key " + key.uri().canonical());
}

}  // namespace

void FreePkey::operator()(evp_pkey_st* pkey) const noexcept { EVP_PKEY_free(pkey); }

Result<PkeyPtr> pkey(const Key& key, ossl_lib_ctx_st* context) {
  const auto& public_key = key.public_key();
  if (!public_key) {
    return fail(Errc::unsupported,
                "key " + key.uri().canonical() + " shows no public half, which OpenSSL needs",
                "store its public key or its certificate beside it, with the same id");
  }
  const auto kind = provider::kind_of(public_key->shape());
  if (!kind || provider::is_montgomery(*kind)) {
    return fail(Errc::unsupported, "key " + key.uri().canonical() + " is of type " +
                                       std::string(to_string(public_key->shape().type)) +
                                       ", which OpenSSL cannot use from a store");
  }
  if (!provide(context)) {
    return fail(Errc::internal, "OpenSSL's library context takes no provider keystore-app");
  }
  provider::Handover handover = {.key = &key};
  void* address = &handover;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_ptr(provider::Handover::param_name, &address, sizeof(handover)),
      OSSL_PARAM_construct_end()};
  const EvpPkeyCtxPtr builder(
      EVP_PKEY_CTX_new_from_name(context, provider::type_name(*kind), "provider=keystore-app"));
  EVP_PKEY* made = nullptr;
  if (!builder || EVP_PKEY_fromdata_init(builder.get()) != 1 ||
      EVP_PKEY_fromdata(builder.get(), &made, EVP_PKEY_KEYPAIR, params) != 1) {
    return refused(key);
  }
  return PkeyPtr(made);
}

}  // namespace keystore::openssl
