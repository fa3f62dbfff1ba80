#include "tests/bench/gnutls.h"

#include <gnutls/abstract.h>
#include <gnutls/pkcs11.h>

#include <memory>

namespace keystore::bench {

Contender gnutls(const std::string& uri, const Subject& subject) {
  require(gnutls_pkcs11_init(GNUTLS_PKCS11_FLAG_MANUAL, nullptr) == 0 &&
              gnutls_pkcs11_add_provider(testing::SoftHsm::module_path().c_str(), nullptr) == 0,
          "gnutls_pkcs11_init");
  const auto algorithm =
      subject.type.starts_with("rsa") ? GNUTLS_SIGN_RSA_SHA256 : GNUTLS_SIGN_ECDSA_SECP256R1_SHA256;
  return {"gnutls", [uri, algorithm] {
            gnutls_privkey_t made = nullptr;
            require(gnutls_privkey_init(&made) == 0, "gnutls_privkey_init");
            const std::shared_ptr<gnutls_privkey_st> key(made, gnutls_privkey_deinit);
            require(gnutls_privkey_import_url(made, uri.c_str(), 0) == 0,
                    "gnutls_privkey_import_url");
            return [key, algorithm] {
              unsigned char message[32] = {1, 2, 3};
              const gnutls_datum_t data = {message, sizeof message};
              gnutls_datum_t signature = {};
              require(gnutls_privkey_sign_data2(key.get(), algorithm, 0, &data, &signature) == 0,
                      "gnutls_privkey_sign_data2");
              gnutls_free(signature.data);
            };
          }};
}

}  // namespace keystore::bench
