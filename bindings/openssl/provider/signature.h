#pragma once

#include <openssl/core.h>

namespace keystore::provider {

// Signature operations (provider-signature(7)). Nothing before the signature itself touches a
// token.

const OSSL_DISPATCH* rsa_signature_table() noexcept;
const OSSL_DISPATCH* ecdsa_signature_table() noexcept;
/// Ed25519 and Ed448: one-shot only (RFC 8032 signs messages, not digests).
const OSSL_DISPATCH* eddsa_signature_table() noexcept;

}  // namespace keystore::provider
