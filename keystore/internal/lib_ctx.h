#pragma once

#include <openssl/types.h>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/sign_spec.h"

namespace keystore {

/// The library context of all our cryptography, with `default` loaded; never the application's,
/// whose providers may be ours. Made at a process's first call, without reading any configuration,
/// and kept until it ends: a forked child gets another one, so that it waits for no lock that was
/// held at the fork. Exported for the bindings of this project.
KEYSTORE_API OSSL_LIB_CTX* private_lib_ctx();

/// Another one, with `legacy` beside `default`: for what old software wrote (RC2, DES). Nothing is
/// written with it. Null where OpenSSL's legacy provider is not installed.
KEYSTORE_API OSSL_LIB_CTX* legacy_lib_ctx();

/// The first of these two contexts that has a cipher of this name, else private_lib_ctx().
KEYSTORE_API OSSL_LIB_CTX* lib_ctx_with_cipher(const char* name);

/// The digest in the private context, fetched once and kept. Null for none.
KEYSTORE_API const EVP_MD* digest_method(Digest digest);

/// One-shot digest in the private context. Empty for none.
KEYSTORE_API Bytes hash(Digest digest, BytesView data);

}  // namespace keystore
