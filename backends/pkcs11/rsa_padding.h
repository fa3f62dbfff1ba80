#pragma once

#include "keystore/operation.h"
#include "keystore/result.h"
#include "keystore/secret.h"
#include "keystore/sign_spec.h"

namespace keystore::pkcs11 {

/// The DigestInfo of RFC 8017, 9.2 around a digest. Empty for a digest without an OID there.
Bytes digest_info(Digest digest, BytesView value);

// The messages of errors here are the reason alone.

/// EMSA-PKCS1-v1_5 (RFC 8017, 9.2) around `content`, as long as the modulus. Errors:
/// invalid_argument when the key is too short.
Result<Bytes> pad_pkcs1_signature(BytesView content, std::size_t modulus_size);

/// EMSA-PSS (RFC 8017, 9.1.1). Errors: invalid_argument when the key is too short, internal.
Result<Bytes> pad_pss(const SignSpec& spec, BytesView digest, unsigned modulus_bits);

/// Takes OAEP off (RFC 8017, 7.1.2, step 3) in constant time. `padded` may lack leading zeros,
/// which some tokens leave out. Errors: malformed, saying no more; unsupported digest.
Result<Secret> unpad_oaep(const DecryptSpec& spec, BytesView padded, std::size_t modulus_size);

}  // namespace keystore::pkcs11
