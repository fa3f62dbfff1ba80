#pragma once

#include <openssl/pkcs12.h>

#include <functional>
#include <string>

#include "keystore/internal/openssl_ptr.h"
#include "keystore/key.h"
#include "tests/backends/pem/data.h"

namespace keystore::testing {

/// How OpenSSL shall make a PKCS#12 file of ec-p-256.pem and web.pem.
struct MadePfx {
  const char* passphrase = "";       ///< null: absent
  int encryption = NID_aes_256_cbc;  ///< -1: none
  int iterations = 1000;
  int mac_iterations = 1;                                ///< -1: no MAC
  std::function<void(PKCS12&)> change = [](PKCS12&) {};  ///< before it is written
};

inline std::string as_pfx(const MadePfx& made) {
  const auto pkcs8 =
      open_path(test_file("ec-p-256.pem")).key()->export_pkcs8(insecure_export_permit()).value();
  const auto certificate = open_path(test_file("web.pem")).find_certificates()->items.front();
  const auto* in = pkcs8.view().data();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &in, static_cast<long>(pkcs8.size())));
  const EvpPkeyPtr pkey(EVP_PKCS82PKEY(info.get()));
  in = certificate.der().data();
  const X509Ptr x509(d2i_X509(nullptr, &in, static_cast<long>(certificate.der().size())));
  const Pkcs12Ptr pfx(PKCS12_create(made.passphrase, "web", pkey.get(), x509.get(), nullptr,
                                    made.encryption, made.encryption, made.iterations,
                                    made.mac_iterations, 0));
  made.change(*pfx);
  std::string der(static_cast<std::size_t>(i2d_PKCS12(pfx.get(), nullptr)), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_PKCS12(pfx.get(), &out);
  return der;
}

}  // namespace keystore::testing
