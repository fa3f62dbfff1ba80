#pragma once

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <cstdlib>

#include "keystore/internal/openssl_ptr.h"
#include "keystore/reference.h"
#include "keystore/store.h"
#include "tests/support/softhsm.h"

namespace keystore::testing {

enum class Order { default_first, ours_first };

/// A library context that has `default` and keystore.so, as a configuration file would load them.
struct Context {
  explicit Context(const char* properties = nullptr, Order order = Order::default_first)
      : library(OSSL_LIB_CTX_new()) {
    const std::string modules = std::string(std::getenv("KEYSTORE_BUILD")) + "/lib/ossl-modules";
    OSSL_PROVIDER_set_default_search_path(library.get(), modules.c_str());
    if (order == Order::ours_first) ours.reset(OSSL_PROVIDER_load(library.get(), "keystore"));
    fallback.reset(OSSL_PROVIDER_load(library.get(), "default"));
    if (!ours) ours.reset(OSSL_PROVIDER_load(library.get(), "keystore"));
    if (properties != nullptr) EVP_set_default_properties(library.get(), properties);
  }

  OsslLibCtxPtr library;
  OsslProviderPtr fallback, ours;
};

/// The private key in the text `pem`; null when there is none.
inline EvpPkeyPtr load(OSSL_LIB_CTX* library, const std::string& pem) {
  const BioPtr memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return EvpPkeyPtr(
      PEM_read_bio_PrivateKey_ex(memory.get(), nullptr, nullptr, nullptr, library, nullptr));
}

/// Whether `pkey` makes signatures that `public_key` verifies, RSA or P-256.
inline bool signs(OSSL_LIB_CTX* library, EVP_PKEY* pkey, const PublicKey& public_key) {
  const EvpMdCtxPtr signing(EVP_MD_CTX_new());
  const Bytes message(500, 0x33);
  Bytes signature(512);
  std::size_t size = signature.size();
  if (EVP_DigestSignInit_ex(signing.get(), nullptr, "SHA256", library, nullptr, pkey, nullptr) !=
          1 ||
      EVP_DigestSign(signing.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    return false;
  }
  signature.resize(size);
  const auto scheme = public_key.shape().type == KeyType::ec
                          ? SignatureScheme::ecdsa_secp256r1_sha256
                          : SignatureScheme::rsa_pkcs1_sha256;
  return public_key.verify(spec_of(scheme), message, signature).value_or(false);
}

/// A SoftHSM for the test suite, with the key `web` of P-256 on it and a reference to that.
class ProviderTest : public ::testing::Test {
 protected:
  // One token for all: a process reads SoftHSM's configuration once.
  static void SetUpTestSuite() {
    if (!SoftHsm::available()) return;
    softhsm_ = std::make_unique<SoftHsm>();
    reference_ = make_reference("web", "ec:p256");
  }
  static void TearDownTestSuite() { softhsm_.reset(); }
  void SetUp() override {
    if (!softhsm_) GTEST_SKIP() << "SoftHSM is not installed";
  }

  /// A new key on the token, and its reference as PEM.
  static Reference make_reference(const std::string& label, const char* type) {
    const OpenOptions options = {.pin_source = SecretSource::parse(softhsm_->pin_source()).value()};
    const auto store = open(softhsm_->uri(), options).value();
    const auto spec = KeySpec::parse(type).value();
    const auto key = store.generator()->generate_key(spec, {.label = label}).value();
    const auto uri = key.uri().with_query_attribute("pin-source", softhsm_->pin_source());
    return Reference{.uri = uri, .public_key = key.public_key()};
  }

  static inline std::unique_ptr<SoftHsm> softhsm_;
  static inline std::optional<Reference> reference_;
};

}  // namespace keystore::testing
