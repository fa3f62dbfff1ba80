#include "bindings/openssl/provider/provider.h"

extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(
    const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
    void** provider_context) {
  return keystore::provider::init(handle, in, out, provider_context,
                                  keystore::provider::Flavour::module);
}
