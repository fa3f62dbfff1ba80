#pragma once

#include <vector>

#include "backends/pfx/bundle.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pfx {

/// How a bundle is protected.
enum class Protection {
  modern,  ///< PBES2 with AES-256-CBC, PBKDF2 with HMAC-SHA-256, MAC with SHA-256
  legacy,  ///< 3DES and SHA-1, which Windows before 10 and Java before 8u301 need
};

/// A PKCS#12 file that holds `objects` in this order, keys before certificates; each key is
/// encrypted by itself, the certificates together. Errors: malformed (a key), internal.
Result<Secret> encode_bundle(const std::vector<const Object*>& objects, const Secret& passphrase,
                             Protection protection);

}  // namespace keystore::pfx
