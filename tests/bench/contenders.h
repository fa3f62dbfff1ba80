#pragma once

#include <filesystem>
#include <string>

#include "keystore/internal/openssl_ptr.h"
#include "tests/bench/measure.h"
#include "tests/support/softhsm.h"

namespace keystore::bench {

/// A key on the token and the ways to sign with it; the message is always a short one, hashed with
/// SHA-256 where the way hashes.
struct Subject {
  std::string type = {};   ///< "rsa:2048", as `keystore new --type` takes it
  std::string label = {};  ///< on the token
};

/// C_SignInit and C_Sign on a session per thread, the digest computed beforehand: the floor.
Contender raw_pkcs11(const testing::SoftHsm& hsm, const Subject& subject);
/// EVP_DigestSign on a fresh EVP_MD_CTX, as libssl does, with `key` in `context`.
Contender evp(std::string name, EVP_PKEY* key, OSSL_LIB_CTX* context);

/// An application's context: `default` and the provider of this build.
OsslLibCtxPtr application_context(const std::filesystem::path& build);
EvpPkeyPtr load_pem(const std::filesystem::path& file, OSSL_LIB_CTX* context);
/// A key of that type in software.
EvpPkeyPtr software_key(const std::string& type, OSSL_LIB_CTX* context);

}  // namespace keystore::bench
