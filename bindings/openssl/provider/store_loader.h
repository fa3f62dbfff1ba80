#pragma once

#include <openssl/core.h>

namespace keystore::provider {

/// Loads keys and certificates by URI (provider-storemgmt(7)): schemes "pkcs11" and "keystore".
const OSSL_DISPATCH* store_loader_table() noexcept;

}  // namespace keystore::provider
