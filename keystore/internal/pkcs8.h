#pragma once

#include "keystore/api.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore {

/// The key in PrivateKeyInfo or OneAsymmetricKey DER (RFC 5958), in private_lib_ctx(), checked:
/// its halves and parts belong together; of RSA keys, is_sound() tells the rest. RSA, EC on named
/// curves, Edwards and Montgomery keys leave no copy in unlocked memory that is not wiped. Errors:
/// malformed, unsupported.
KEYSTORE_API Result<EvpPkeyPtr> decode_pkcs8(BytesView pkcs8);

/// What is too slow to ask whenever a key is opened: whether the factors of an RSA key that
/// decode_pkcs8() took are prime. True for keys of other types.
bool is_sound(BytesView pkcs8);

/// Whether it is well formed and nothing here knows its algorithm.
bool is_of_foreign_kind(BytesView pkcs8);

/// Whether it is an EC key whose curve is given by its numbers instead of its name.
bool has_explicit_curve(BytesView pkcs8);

/// `pkey` as PrivateKeyInfo DER, EC curves named. Errors: unsupported.
KEYSTORE_API Result<Secret> encode_pkcs8(const EVP_PKEY* pkey);

}  // namespace keystore
