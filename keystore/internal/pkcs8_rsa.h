#pragma once

#include "keystore/bytes.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/result.h"

namespace keystore {

/// RSAPrivateKey DER (RFC 8017, A.1.2) with two primes, its equations checked. Errors: malformed;
/// unsupported for more primes.
Result<EvpPkeyPtr> decode_rsa(BytesView der);

/// Whether the two factors of a key that decode_rsa() took look prime.
bool has_prime_factors(BytesView der);

/// A key pair of OpenSSL's type name in private_lib_ctx(); null when OpenSSL refuses.
EvpPkeyPtr pkey_from_params(const char* type, OSSL_PARAM* params);

}  // namespace keystore
