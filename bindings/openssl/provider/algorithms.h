#pragma once

#include <openssl/core.h>

#include "bindings/openssl/provider/provider.h"

namespace keystore::provider {

/// What this provider offers for an OSSL_OP_…; null: nothing. No digests, ciphers, random sources
/// or KDFs: a module's own cryptography would come back to us through them.
const OSSL_ALGORITHM* algorithms_of(const Provider& provider, int operation);

}  // namespace keystore::provider
