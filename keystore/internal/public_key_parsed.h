#pragma once

#include "keystore/internal/openssl_ptr.h"
#include "keystore/public_key.h"

namespace keystore {

struct PublicKey::Parsed {
  Bytes spki = {};
  KeyShape shape = {};
  EvpPkeyPtr pkey = {};  ///< public half, in private_lib_ctx(); never changed
};

/// The shape of any key OpenSSL holds.
KeyShape shape_of(const EVP_PKEY* pkey);
/// The public half of `pkey`.
Result<PublicKey> public_key_of(const EVP_PKEY* pkey);

}  // namespace keystore
