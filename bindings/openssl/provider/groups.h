#pragma once

#include <openssl/core.h>

namespace keystore::provider {

/// Answers OSSL_FUNC_PROVIDER_GET_CAPABILITIES: the TLS groups over EC keys that `default` has.
/// When this provider is preferred, libssl drops every EC group that only another one declared.
int relay_capabilities(void* provider, const char* capability, OSSL_CALLBACK* callback,
                       void* argument) noexcept;

}  // namespace keystore::provider
