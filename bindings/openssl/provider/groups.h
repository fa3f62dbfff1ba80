#pragma once

#include <openssl/core.h>

namespace keystore::provider {

/// Answers OSSL_FUNC_PROVIDER_GET_CAPABILITIES: the TLS groups of `default` over types of
/// keys that this provider offers: where it is preferred, libssl drops those that only another
/// provider declared.
int relay_capabilities(void* provider, const char* capability, OSSL_CALLBACK* callback,
                       void* argument) noexcept;

}  // namespace keystore::provider
