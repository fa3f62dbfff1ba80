#pragma once

#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/process_pkey.h"
#include "keystore/public_key.h"

namespace keystore {

struct PublicKey::Parsed {
  Bytes spki = {};
  KeyShape shape = {};
  ProcessPkey process_pkey = {};  ///< made from `spki` when first asked for
};

/// The public half for use in this process, borrowed from `key`. Null only without memory.
KEYSTORE_API EVP_PKEY* pkey_of(const PublicKey& key);

/// The shape of any key OpenSSL holds.
KEYSTORE_API KeyShape shape_of(const EVP_PKEY* pkey);
/// The public half of `pkey`.
KEYSTORE_API Result<PublicKey> public_key_of(const EVP_PKEY* pkey);
/// Whether both are the same numbers, whatever their encodings (point compression) and whatever
/// restriction to PSS their algorithm identifiers name.
KEYSTORE_API bool same_public_key(const PublicKey& a, const PublicKey& b);

}  // namespace keystore
