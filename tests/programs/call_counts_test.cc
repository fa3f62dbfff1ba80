#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "keystore/internal/openssl_ptr.h"
#include "tests/support/process.h"
#include "tests/support/softhsm.h"
#include "tests/tokens/test_token.h"

namespace keystore::testing {
namespace {

constexpr unsigned per_thread = 50;

/// An application of its own, which knows OpenSSL alone: library context with `default` and our
/// provider, keys on SoftHSM, every PKCS#11 call counted.
class CallCountsThroughProvider : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    context_.reset(OSSL_LIB_CTX_new());
    const auto folder = build() / "lib/ossl-modules";
    OSSL_PROVIDER_set_default_search_path(context_.get(), folder.c_str());
    ASSERT_TRUE(OSSL_PROVIDER_load(context_.get(), "default"));
    ASSERT_TRUE(OSSL_PROVIDER_load(context_.get(), "keystore"));

    made_ = std::string(GetParam()).substr(0, 2) + std::to_string(++number_);
    const auto made = run({command(), "new", token_uri(), "--type", GetParam(), "--label", made_,
                           "--pin", hsm().pin_source()});
    ASSERT_TRUE(made.ok()) << made.text();
  }

  /// One token for the whole process, which reads its configuration once.
  static SoftHsm& hsm() {
    static SoftHsm only;
    return only;
  }
  static CallCounts& counts() {
    static TestToken only(hsm());
    return only.counts();
  }

  static std::filesystem::path build() { return std::getenv("KEYSTORE_BUILD"); }
  static std::string command() { return build() / "bin/keystore"; }
  static std::string token_uri() {
    counts();
    return hsm().uri();
  }
  std::string key_uri() const { return hsm().uri(made_) + ";type=private"; }

  EvpPkeyPtr load_reference() const {
    const auto file = hsm().folder() / (made_ + ".pem");
    const auto made =
        run({command(), "ref", key_uri(), "--pin", hsm().pin_source(), "--out", file});
    EXPECT_TRUE(made.ok()) << made.text();
    counts().reset();
    const BioPtr in(BIO_new_file(file.c_str(), "r"));
    return EvpPkeyPtr(
        PEM_read_bio_PrivateKey_ex(in.get(), nullptr, nullptr, nullptr, context_.get(), nullptr));
  }

  void sign(EVP_PKEY* key) const {
    const EvpMdCtxPtr signing(EVP_MD_CTX_new());
    std::array<unsigned char, 1024> signature;
    std::size_t size = signature.size();
    const char* digest = std::string_view(GetParam()) == "ed25519" ? nullptr : "SHA256";
    ASSERT_EQ(EVP_DigestSignInit_ex(signing.get(), nullptr, digest, context_.get(), nullptr, key,
                                    nullptr),
              1);
    ASSERT_EQ(EVP_DigestSign(signing.get(), signature.data(), &size, message, sizeof message), 1);
  }

  void sign_in_threads(EVP_PKEY* key, unsigned threads) const {
    std::vector<std::jthread> running;
    for (unsigned i = 0; i < threads; ++i) {
      running.emplace_back([&] {
        for (unsigned n = 0; n < per_thread; ++n) sign(key);
      });
    }
  }

  /// Its public half, has, match, and what is exported.
  void use_publicly(EVP_PKEY* key) const {
    const BioPtr memory(BIO_new(BIO_s_mem()));
    ASSERT_EQ(PEM_write_bio_PUBKEY(memory.get(), key), 1);
    const EvpPkeyPtr other(
        PEM_read_bio_PUBKEY_ex(memory.get(), nullptr, nullptr, nullptr, context_.get(), nullptr));
    EXPECT_EQ(EVP_PKEY_eq(key, other.get()), 1);
    const EvpPkeyPtr copy(EVP_PKEY_dup(key));
    EXPECT_EQ(EVP_PKEY_eq(key, copy.get()), 1);
    EXPECT_GT(EVP_PKEY_get_security_bits(key), 0);
    const X509Ptr certificate(X509_new_ex(context_.get(), nullptr));
    ASSERT_EQ(X509_set_pubkey(certificate.get(), other.get()), 1);
    EXPECT_EQ(X509_check_private_key(certificate.get(), key), 1);
    const EvpPkeyCtxPtr check(EVP_PKEY_CTX_new_from_pkey(context_.get(), key, nullptr));
    EXPECT_EQ(EVP_PKEY_public_check(check.get()), 1);
  }

  /// Every *_INIT that the key has, with every digest that libssl may try.
  void begin_operations(EVP_PKEY* key) const {
    for (const char* digest :
         {"SHA256", "SHA384", "SHA512", "SHA1", static_cast<const char*>(nullptr)}) {
      const EvpMdCtxPtr context(EVP_MD_CTX_new());
      EVP_DigestSignInit_ex(context.get(), nullptr, digest, context_.get(), nullptr, key, nullptr);
    }
    for (auto* init : {EVP_PKEY_sign_init, EVP_PKEY_verify_init, EVP_PKEY_decrypt_init,
                       EVP_PKEY_encrypt_init, EVP_PKEY_derive_init}) {
      const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(context_.get(), key, nullptr));
      init(context.get());
      const EvpPkeyCtxPtr copy(EVP_PKEY_CTX_dup(context.get()));
    }
  }

  static constexpr unsigned char message[] = "what is signed";
  static inline int number_ = 0;
  OsslLibCtxPtr context_;
  std::string made_;
};

std::string text(const CallCounts& counts) {
  std::string result;
  for (const auto& [name, calls] : counts.called())
    result += name + " " + std::to_string(calls) + "\n";
  return result;
}

TEST_P(CallCountsThroughProvider, LoadingAReferenceMakesNone) {
  const auto key = load_reference();
  ASSERT_TRUE(key);
  EXPECT_GT(EVP_PKEY_get_size(key.get()), 0);
  EXPECT_EQ(counts().total(), 0u) << text(counts());
}

// All that libssl and the tools do with a key before, beside and after its private operation.
TEST_P(CallCountsThroughProvider, EverythingButThePrivateOperationMakesNone) {
  const auto key = load_reference();
  ASSERT_TRUE(key);
  use_publicly(key.get());
  EXPECT_EQ(counts().total(), 0u) << text(counts());
  begin_operations(key.get());
  EXPECT_EQ(counts().total(), 0u) << text(counts());
}

TEST_P(CallCountsThroughProvider, ASignatureMakesTwo) {
  const auto key = load_reference();
  ASSERT_TRUE(key);
  sign(key.get());
  counts().reset();
  for (unsigned n = 0; n < per_thread; ++n) sign(key.get());
  EXPECT_EQ(counts().of("C_SignInit"), per_thread);
  EXPECT_EQ(counts().of("C_Sign"), per_thread);
  EXPECT_EQ(counts().total(), 2 * per_thread) << text(counts());
}

// How many sessions eight threads need depends on how they meet, so this looks at the first round
// in which none was opened.
TEST_P(CallCountsThroughProvider, ASignatureMakesTwoWithEightThreads) {
  constexpr unsigned threads = 8;
  const auto key = load_reference();
  ASSERT_TRUE(key);
  sign(key.get());
  for (int round = 0; round < 20; ++round) {
    counts().reset();
    sign_in_threads(key.get(), threads);
    ASSERT_EQ(counts().of("C_SignInit"), threads * per_thread);
    ASSERT_EQ(counts().of("C_Sign"), threads * per_thread);
    ASSERT_LE(counts().of("C_OpenSession"), threads);
    if (counts().of("C_OpenSession") == 0) break;
  }
  EXPECT_EQ(counts().total(), 2 * threads * per_thread) << text(counts());
}

// In a process of its own, so that nothing is open yet.
TEST_P(CallCountsThroughProvider, LoadingByUriAndSigningMakeTwentyFourAtMost) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a plain openssl cannot load a provider built with sanitizers";
#endif
  const auto conf = hsm().folder() / "openssl.cnf";
  const auto message_file = hsm().folder() / "message";
  write_text(message_file, "what is signed");
  write_text(conf, run({command(), "openssl-conf"}).out);
  counts().reset();
  const auto uri = key_uri() + "?pin-source=" + hsm().pin_source();
  const auto done = run({"openssl", "pkeyutl", "-sign", "-rawin", "-inkey", uri, "-in",
                         message_file, "-out", hsm().folder() / "signature"},
                        {.environment = {"OPENSSL_CONF=" + conf.string()}});
  ASSERT_TRUE(done.ok()) << done.text();
  EXPECT_EQ(counts().of("C_Sign"), 1u);
  EXPECT_LE(counts().total(), 24u) << text(counts());
}

INSTANTIATE_TEST_SUITE_P(Types, CallCountsThroughProvider,
                         ::testing::Values("ec:p256", "rsa:2048", "ed25519"), [](const auto& one) {
                           std::string name = one.param;
                           std::erase(name, ':');
                           return name;
                         });

}  // namespace
}  // namespace keystore::testing
