#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bindings/openssl/tls/configure.h"
#include "keystore/internal/openssl_ptr.h"
#include "tests/support/workspace.h"

namespace keystore::testing {

/// What a test certificate says; text as in openssl-x509v3_config(5).
struct CertificateSpec {
  std::string subject = "server.test";
  std::string names = "DNS:server.test,IP:127.0.0.1";  ///< empty: none
  std::string extended_usage = "serverAuth,clientAuth";
  std::string usage = "digitalSignature";
  long from = -3600;  ///< seconds from now
  long to = 86'400;
};

/// A private key and its certificate with issuers, as files made by plain OpenSSL.
struct IssuedFiles {
  std::filesystem::path key, certificates;
  X509Ptr leaf;

  openssl::IdentitySource source() const {
    return {.key = key.string(), .certificates = certificates.string()};
  }
};

/// A certification authority in a folder: NAME.pem is its certificate.
class TestAuthority {
 public:
  TestAuthority(const Workspace& folder, const std::string& name)
      : TestAuthority(folder, name, {}) {}
  /// Below another one.
  TestAuthority below(const std::string& name) const { return {folder_, name, this}; }

  /// Makes NAME.key and NAME.crt. `type`: "P-256", "RSA", "ED25519", ….
  IssuedFiles make(const std::string& name, const std::string& type,
                   const CertificateSpec& spec = {}) const;
  /// A certificate for a public key that is there already; a PEM text with the issuers.
  std::string certify(EVP_PKEY* key, const CertificateSpec& spec = {}) const;
  /// NAME.crl: in force until `to` seconds from now.
  std::string make_crl(const std::vector<const X509*>& revoked, long to = 86'400) const;

  std::string file() const { return (folder_ / (name_ + ".pem")).string(); }

 private:
  TestAuthority(const Workspace& folder, const std::string& name, const TestAuthority* issuer);
  X509Ptr sign(EVP_PKEY* key, const CertificateSpec& spec, bool ca) const;

  const Workspace& folder_;
  std::string name_;
  EvpPkeyPtr key_;
  X509Ptr certificate_;
  std::string chain_;  ///< of what it issues: itself and those above, the root left out
};

EvpPkeyPtr make_plain_key(const std::string& type);
std::string key_to_pem(EVP_PKEY* key);

}  // namespace keystore::testing
