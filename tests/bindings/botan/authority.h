#pragma once

#include <botan/auto_rng.h>
#include <botan/ecdsa.h>
#include <botan/pkcs10.h>
#include <botan/x509_ca.h>
#include <botan/x509self.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "bindings/botan/botan.h"

namespace keystore::testing {

/// An issuer of certificates, its key in software.
class Authority {
 public:
  /// A root.
  explicit Authority(const std::string& name)
      : certificate_(Botan::X509::create_self_signed_cert(options(name, true), key_, hash, rng_)) {}
  /// Below the root `issuer`.
  Authority(const std::string& name, Authority& issuer)
      : certificate_(issuer.sign(options(name, true), key_)), issuers_{ours(certificate_)} {}

  const Botan::X509_Certificate& certificate() const noexcept { return certificate_; }

  /// `key` with a certificate for the host `name` and the issuers up to the root, which is left
  /// out.
  Identity certify(const Key& key, const std::string& name) {
    const auto leaf = sign(options(name, false), *botan::private_key(key));
    return Identity::create(key, ours(leaf), issuers_).value();
  }
  /// What trusts this one and nobody else.
  std::vector<std::shared_ptr<Botan::Certificate_Store>> trust() const {
    return {std::make_shared<Botan::Certificate_Store_In_Memory>(certificate_)};
  }

 private:
  static constexpr const char* hash = "SHA-256";

  static Botan::X509_Cert_Options options(const std::string& name, bool authority) {
    Botan::X509_Cert_Options options(name);
    authority ? options.CA_key() : void(options.dns = name);
    return options;
  }
  static Certificate ours(const Botan::X509_Certificate& certificate) {
    return Certificate::parse(certificate.BER_encode()).value();
  }
  Botan::X509_Certificate sign(const Botan::X509_Cert_Options& wanted,
                               const Botan::Private_Key& key) {
    const Botan::X509_CA authority(certificate_, key_, hash, rng_);
    const auto now = std::chrono::system_clock::now();
    return authority.sign_request(Botan::X509::create_cert_req(wanted, key, hash, rng_), rng_,
                                  Botan::X509_Time(now - std::chrono::hours(1)),
                                  Botan::X509_Time(now + std::chrono::hours(1)));
  }

  Botan::AutoSeeded_RNG rng_;
  Botan::ECDSA_PrivateKey key_{rng_, Botan::EC_Group("secp256r1")};
  Botan::X509_Certificate certificate_;
  std::vector<Certificate> issuers_ = {};  ///< that a leaf brings along
};

}  // namespace keystore::testing
