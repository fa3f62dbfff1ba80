#pragma once

#include <p11-kit/pkcs11.h>

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
inline const Subject rsa_subject = {"rsa:2048", "rsa"};
inline const Subject ec_subject = {"ec:p256", "ec"};

/// The message hashed by OpenSSL, then C_SignInit and C_Sign, on a session per thread with the
/// module at `path`: the floor.
Contender raw_pkcs11(const testing::SoftHsm& hsm, const std::string& path, const Subject& subject);
/// EVP_DigestSign on a fresh EVP_MD_CTX, as libssl does, with `key` in `context`.
Contender evp(std::string name, EVP_PKEY* key, OSSL_LIB_CTX* context);

/// Makes the key with the keystore command and returns the path of a reference PEM for it.
std::filesystem::path make_key(const testing::SoftHsm& hsm, const std::filesystem::path& build,
                               const Subject& subject);

/// An application's context: `default` and, where there is a name, that provider of `folder`.
OsslLibCtxPtr application_context(const std::filesystem::path& folder = {},
                                  const std::string& provider = {});
/// The same with the provider of this build.
inline OsslLibCtxPtr keystore_context(const std::filesystem::path& build) {
  return application_context(build / "lib/ossl-modules", "keystore");
}
/// The first private key at `uri`.
EvpPkeyPtr load_uri(const std::string& uri, OSSL_LIB_CTX* context);
EvpPkeyPtr load_pem(const std::filesystem::path& file, OSSL_LIB_CTX* context);
/// A key of that type in software.
EvpPkeyPtr software_key(const std::string& type, OSSL_LIB_CTX* context);

/// A self-signed certificate for `key`.
X509Ptr certificate_for(EVP_PKEY* key, OSSL_LIB_CTX* context);

/// A program that uses PKCS#11 directly, logged in.
struct RawSession {
  RawSession(const testing::SoftHsm& hsm, const std::string& path);

  CK_OBJECT_HANDLE private_key(const std::string& label) const;

  CK_FUNCTION_LIST* functions;
  CK_SESSION_HANDLE session = 0;
};

/// Throws, naming `what` and OpenSSL's last error.
void require(bool good, const char* what);

}  // namespace keystore::bench
