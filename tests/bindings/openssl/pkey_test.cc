// Keys of an application as EVP_PKEY, in its own library context and beside its own keys.
#include "bindings/openssl/tls/pkey.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/bindings/openssl/file_keys.h"

namespace keystore {
namespace {

using testing::FileKey;
using testing::Workspace;

const Bytes message(1000, 0x5A);

const char* digest_for(const FileKey& key) {
  return key.type().starts_with("ED") ? nullptr : "SHA256";
}

Bytes sign(EVP_PKEY* pkey, const char* digest, OSSL_LIB_CTX* context = nullptr) {
  const EvpMdCtxPtr signing(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (EVP_DigestSignInit_ex(signing.get(), nullptr, digest, context, nullptr, pkey, nullptr) != 1 ||
      EVP_DigestSign(signing.get(), nullptr, &size, message.data(), message.size()) != 1) {
    return {};
  }
  Bytes signature(size);
  if (EVP_DigestSign(signing.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    return {};
  }
  signature.resize(size);
  return signature;
}

bool verifies(EVP_PKEY* pkey, const char* digest, const Bytes& signature,
              OSSL_LIB_CTX* context = nullptr) {
  const EvpMdCtxPtr checking(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit_ex(checking.get(), nullptr, digest, context, nullptr, pkey,
                                 nullptr) == 1 &&
         EVP_DigestVerify(checking.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

class PkeyOfType : public ::testing::TestWithParam<const char*> {
 protected:
  Workspace folder_;
  FileKey key_{folder_, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Types, PkeyOfType,
                         ::testing::Values("RSA", "P-256", "P-384", "P-521", "ED25519", "ED448"));

TEST_P(PkeyOfType, SignsAsPlainOpensslVerifies) {
  const auto pkey = openssl::pkey(key_.key());
  ASSERT_TRUE(pkey) << pkey.error().message;
  const auto signature = sign(pkey->get(), digest_for(key_));
  EXPECT_TRUE(verifies(key_.plain().get(), digest_for(key_), signature));
  EXPECT_TRUE(verifies(pkey->get(), digest_for(key_), signature));
  EXPECT_FALSE(verifies(pkey->get(), digest_for(key_), Bytes(signature.size(), 1)));
}

TEST_P(PkeyOfType, LeavesNoErrorBehind) {
  ERR_clear_error();
  const auto pkey = openssl::pkey(key_.key());
  sign(pkey->get(), digest_for(key_));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_P(PkeyOfType, LooksLikeThePlainKey) {
  const auto pkey = openssl::pkey(key_.key());
  EXPECT_EQ(EVP_PKEY_eq(pkey->get(), key_.plain().get()), 1);
  EXPECT_EQ(EVP_PKEY_get_bits(pkey->get()), EVP_PKEY_get_bits(key_.plain().get()));
  EXPECT_EQ(EVP_PKEY_get_security_bits(pkey->get()),
            EVP_PKEY_get_security_bits(key_.plain().get()));
  EXPECT_EQ(EVP_PKEY_get_size(pkey->get()), EVP_PKEY_get_size(key_.plain().get()));
  EXPECT_EQ(EVP_PKEY_get_base_id(pkey->get()), EVP_PKEY_get_base_id(key_.plain().get()));
  EXPECT_EQ(X509_check_private_key(key_.certificate().get(), pkey->get()), 1);
}

TEST_P(PkeyOfType, GivesNoPrivateHalfAway) {
  const auto pkey = openssl::pkey(key_.key());
  OSSL_PARAM* params = nullptr;
  EXPECT_NE(EVP_PKEY_todata(pkey->get(), EVP_PKEY_KEYPAIR, &params), 1);
  EXPECT_EQ(EVP_PKEY_todata(pkey->get(), EVP_PKEY_PUBLIC_KEY, &params), 1);
  const OsslParamPtr owned(params);
  EXPECT_EQ(OSSL_PARAM_locate(params, "priv"), nullptr);
  EXPECT_EQ(OSSL_PARAM_locate(params, "d"), nullptr);
  ERR_clear_error();
  EXPECT_LE(i2d_PrivateKey(pkey->get(), nullptr), 0);
  const char* text = nullptr;
  ERR_get_error_all(nullptr, nullptr, nullptr, &text, nullptr);
  EXPECT_NE(std::string(text).find("does not leave its store: file:"), std::string::npos) << text;
  ERR_clear_error();
}

TEST_P(PkeyOfType, WorksInLibraryContextsOfItsOwn) {
  const OsslLibCtxPtr first(OSSL_LIB_CTX_new()), second(OSSL_LIB_CTX_new());
  const auto a = openssl::pkey(key_.key(), first.get());
  const auto b = openssl::pkey(key_.key(), second.get());
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(verifies(key_.plain().get(), digest_for(key_),
                       sign(a->get(), digest_for(key_), first.get())));
  EXPECT_TRUE(verifies(key_.plain().get(), digest_for(key_),
                       sign(b->get(), digest_for(key_), second.get())));
}

TEST_P(PkeyOfType, OutlivesItsLibraryContext) {
  OsslLibCtxPtr context(OSSL_LIB_CTX_new());
  auto pkey = openssl::pkey(key_.key(), context.get());
  ASSERT_TRUE(pkey);
  context.reset();
  EXPECT_GT(EVP_PKEY_get_bits(pkey->get()), 0);
}

TEST_P(PkeyOfType, SignsInManyThreads) {
  const auto pkey = openssl::pkey(key_.key());
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        good += verifies(key_.plain().get(), digest_for(key_), sign(pkey->get(), digest_for(key_)));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 160);
}

TEST_P(PkeyOfType, SignsInForkedChildren) {
  const auto pkey = openssl::pkey(key_.key());
  sign(pkey->get(), digest_for(key_));
  const pid_t child = fork();
  if (child == 0) {
    const auto signature = sign(pkey->get(), digest_for(key_));
    _exit(verifies(key_.plain().get(), digest_for(key_), signature) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_P(PkeyOfType, SharesItsDuplicate) {
  const auto pkey = openssl::pkey(key_.key());
  const EvpPkeyPtr copy(EVP_PKEY_dup(pkey->get()));
  ASSERT_TRUE(copy);
  EXPECT_TRUE(verifies(key_.plain().get(), digest_for(key_), sign(copy.get(), digest_for(key_))));
}

TEST(Pkey, LeavesOtherKeysToTheDefaultProvider) {
  const Workspace folder;
  const FileKey key(folder, "P-256");
  const OsslLibCtxPtr context(OSSL_LIB_CTX_new());
  ASSERT_TRUE(openssl::pkey(key.key(), context.get()));
  const EvpPkeyPtr other(EVP_PKEY_Q_keygen(context.get(), nullptr, "EC", "P-256"));
  ASSERT_TRUE(other);
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(other.get())), "default");
}

TEST(Pkey, RefusesTypesThatItCannotHandle) {
  const Workspace folder;
  const FileKey key(folder, "X25519");
  const auto pkey = openssl::pkey(key.key());
  ASSERT_FALSE(pkey);
  EXPECT_EQ(pkey.error().code, Errc::unsupported);
  EXPECT_NE(pkey.error().message.find("x25519"), std::string::npos) << pkey.error().message;
}

TEST(Pkey, RefusesAForeignHandover) {
  const Workspace folder;
  ASSERT_TRUE(openssl::pkey(FileKey(folder, "P-256").key()));
  std::array<std::uint64_t, 3> garbage = {1, 2, 3};
  void* address = garbage.data();
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_ptr("keystore-handover", &address, sizeof(garbage)),
      OSSL_PARAM_construct_end()};
  const EvpPkeyCtxPtr builder(EVP_PKEY_CTX_new_from_name(nullptr, "EC", "provider=keystore-app"));
  EVP_PKEY* made = nullptr;
  EVP_PKEY_fromdata_init(builder.get());
  EXPECT_NE(EVP_PKEY_fromdata(builder.get(), &made, EVP_PKEY_KEYPAIR, params), 1);
  ERR_clear_error();
}

TEST(Pkey, SaysWhatDigestItCannotSign) {
  const Workspace folder;
  const auto pkey = openssl::pkey(FileKey(folder, "RSA").key());
  ERR_clear_error();
  EXPECT_TRUE(sign(pkey->get(), "BLAKE2B-512").empty());
  const char* text = nullptr;
  ERR_get_error_all(nullptr, nullptr, nullptr, &text, nullptr);
  EXPECT_NE(std::string(text).find("digest BLAKE2B-512"), std::string::npos) << text;
  ERR_clear_error();
}

TEST(Pkey, DoesNotOfferStaticRsaKeyExchange) {
  const Workspace folder;
  const auto pkey = openssl::pkey(FileKey(folder, "RSA").key());
  const EvpPkeyCtxPtr decrypting(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey->get(), nullptr));
  ASSERT_EQ(EVP_PKEY_decrypt_init(decrypting.get()), 1);
  EXPECT_LE(EVP_PKEY_CTX_set_rsa_padding(decrypting.get(), RSA_PKCS1_WITH_TLS_PADDING), 0);
  ERR_clear_error();
}

TEST(Pkey, TellsThePaddingThatWasSet) {
  const Workspace folder;
  const auto pkey = openssl::pkey(FileKey(folder, "RSA").key());
  const EvpMdCtxPtr signing(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  ASSERT_EQ(EVP_DigestSignInit_ex(signing.get(), &settings, "SHA384", nullptr, nullptr, pkey->get(),
                                  nullptr),
            1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, 11), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_mgf1_md(settings, EVP_sha256()), 1);
  int padding = 0, salt = 0;
  const EVP_MD* mgf = nullptr;
  EXPECT_GT(EVP_PKEY_CTX_get_rsa_padding(settings, &padding), 0);
  EXPECT_GT(EVP_PKEY_CTX_get_rsa_pss_saltlen(settings, &salt), 0);
  EXPECT_GT(EVP_PKEY_CTX_get_rsa_mgf1_md(settings, &mgf), 0);
  EXPECT_EQ(padding, RSA_PKCS1_PSS_PADDING);
  EXPECT_EQ(salt, 11);
  EXPECT_TRUE(mgf != nullptr && EVP_MD_is_a(mgf, "SHA256"));
}

}  // namespace
}  // namespace keystore
