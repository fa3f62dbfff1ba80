#pragma once

#include <openssl/core.h>

namespace keystore::provider {

/// RSA encryption (provider-asym_cipher(7)): PKCS#1 v1.5, OAEP and raw; with `static_rsa` of the
/// configuration the padding of TLS 1.2's RSA key exchange too, undone in constant time here.
const OSSL_DISPATCH* rsa_cipher_table() noexcept;

}  // namespace keystore::provider
