#pragma once

#include <openssl/core.h>

namespace keystore::provider {

/// RSA encryption (provider-asym_cipher(7)): PKCS#1 v1.5, OAEP and raw. The padding of TLS 1.2's
/// static RSA key exchange is not offered, because it has to be undone in constant time here.
const OSSL_DISPATCH* rsa_cipher_table() noexcept;

}  // namespace keystore::provider
