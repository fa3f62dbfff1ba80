#pragma once

#include <openssl/core.h>

namespace keystore::provider {

/// ECDH (provider-keyexch(7)), plain or with the X9.63 key derivation that CMS asks for. Tokens
/// give the raw shared secret; the derivation is done here.
const OSSL_DISPATCH* ecdh_table() noexcept;

}  // namespace keystore::provider
