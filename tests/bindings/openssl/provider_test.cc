// keystore.so as programs load it: references and URIs of keys on SoftHSM, in library contexts.
#include <gtest/gtest.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/bindings/openssl/provider_fixture.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using namespace testing;
using Provider = ProviderTest;

using DecoderCtxPtr = std::unique_ptr<OSSL_DECODER_CTX, FreeWith<OSSL_DECODER_CTX_free>>;

TEST_F(Provider, ServesTwoLibraryContextsAtOnce) {
  const Context first, second;
  const auto a = load(first.library.get(), reference_->to_pem().value());
  const auto b = load(second.library.get(), reference_->to_pem().value());
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(signs(first.library.get(), a.get(), *reference_->public_key));
  EXPECT_TRUE(signs(second.library.get(), b.get(), *reference_->public_key));
}

// As lighttpd reads a bundle that starts with the certificate.
TEST_F(Provider, FindsAReferenceBehindOtherBlocksWhateverErrorsAreInTheQueue) {
  const auto bundle = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" +
                      reference_->to_pem().value();
  for (const auto order : {Order::default_first, Order::ours_first}) {
    for (const auto* properties : {"", "?provider=keystore"}) {
      const Context context(properties, order);
      ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
      const auto key = load(context.library.get(), bundle);
      ERR_clear_error();
      ASSERT_TRUE(key);
      EXPECT_TRUE(signs(context.library.get(), key.get(), *reference_->public_key));
    }
  }
}

// HAProxy looks so for DH parameters in a combined PEM.
TEST_F(Provider, LetsACallerComeToTheEndOfAFileThatHasNothingForIt) {
  const auto block = reference_->to_pem().value();
  const auto file = block + block + block;
  for (const auto order : {Order::default_first, Order::ours_first}) {
    const Context context(nullptr, order);
    const BioPtr input(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
    EVP_PKEY* parameters = nullptr;
    const DecoderCtxPtr decoder(OSSL_DECODER_CTX_new_for_pkey(&parameters, "PEM", nullptr, "DH",
                                                              OSSL_KEYMGMT_SELECT_ALL_PARAMETERS,
                                                              context.library.get(), nullptr));
    int tries = 0;
    while (BIO_eof(input.get()) == 0 && ++tries < 100) {
      EXPECT_NE(OSSL_DECODER_from_bio(decoder.get(), input.get()), 1);
    }
    EXPECT_LT(tries, 10);
    EXPECT_EQ(parameters, nullptr);
  }
}

// What OpenSSL collects each time that it reads a certificate's public key: more decoders would
// slow down every TLS client of a program that does not use us.
TEST_F(Provider, HasNoPartInReadingPublicKeys) {
  const OsslLibCtxPtr plain(OSSL_LIB_CTX_new());
  const OsslProviderPtr fallback(OSSL_PROVIDER_load(plain.get(), "default"));
  for (const auto order : {Order::default_first, Order::ours_first}) {
    const Context context(nullptr, order);
    for (const auto* type : {"EC", "RSA", "ED25519"}) {
      const auto decoders = [&](OSSL_LIB_CTX* library) {
        EVP_PKEY* key = nullptr;
        const DecoderCtxPtr decoder(OSSL_DECODER_CTX_new_for_pkey(
            &key, "DER", "SubjectPublicKeyInfo", type, EVP_PKEY_PUBLIC_KEY, library, nullptr));
        return OSSL_DECODER_CTX_get_num_decoders(decoder.get());
      };
      EXPECT_EQ(decoders(context.library.get()), decoders(plain.get())) << type;
    }
  }
}

TEST_F(Provider, DecodesAReferenceForCallersThatSayNothingOfWhatTheyWant) {
  const auto pem = reference_->to_pem().value();
  for (const auto order : {Order::default_first, Order::ours_first}) {
    const Context context(nullptr, order);
    for (const auto* type : {static_cast<const char*>(nullptr), "PEM"}) {
      const BioPtr input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
      EVP_PKEY* made = nullptr;
      const DecoderCtxPtr decoder(OSSL_DECODER_CTX_new_for_pkey(&made, type, nullptr, nullptr, 0,
                                                                context.library.get(), nullptr));
      EXPECT_EQ(OSSL_DECODER_from_bio(decoder.get(), input.get()), 1);
      const EvpPkeyPtr key(made);
      ASSERT_TRUE(key);
      EXPECT_TRUE(signs(context.library.get(), key.get(), *reference_->public_key));
    }
  }
}

// A reference of DER in a file, whether the store is told what is expected of it or not.
TEST_F(Provider, GivesTheKeyOfAReferenceFileToAStore) {
  const auto file = softhsm_->folder() / "reference";
  for (const bool as_der : {false, true}) {
    const auto der = reference_->to_der().value();
    write_text(file, as_der ? std::string(as_text(der)) : reference_->to_pem().value());
    for (const int expected : {0, OSSL_STORE_INFO_PKEY, OSSL_STORE_INFO_CERT}) {
      const Context context;
      const OsslStoreCtxPtr store(OSSL_STORE_open_ex(file.c_str(), context.library.get(), nullptr,
                                                     nullptr, nullptr, nullptr, nullptr, nullptr));
      ASSERT_TRUE(store);
      ASSERT_EQ(OSSL_STORE_expect(store.get(), expected), 1);
      int found = 0;
      while (OSSL_STORE_eof(store.get()) == 0) {
        const std::unique_ptr<OSSL_STORE_INFO, FreeWith<OSSL_STORE_INFO_free>> info(
            OSSL_STORE_load(store.get()));
        if (!info) continue;
        found += 1;
        EXPECT_EQ(OSSL_STORE_INFO_get_type(info.get()), OSSL_STORE_INFO_PKEY);
      }
      EXPECT_EQ(found, expected == OSSL_STORE_INFO_CERT ? 0 : 1) << expected << as_der;
    }
  }
}

TEST_F(Provider, IsUnloadedWhileKeysLive) {
  EvpPkeyPtr key;
  {
    Context context;
    key = load(context.library.get(), reference_->to_pem().value());
    ASSERT_TRUE(signs(context.library.get(), key.get(), *reference_->public_key));
    context.ours.reset();
    EXPECT_GT(EVP_PKEY_get_bits(key.get()), 0);
  }
  EXPECT_GT(EVP_PKEY_get_bits(key.get()), 0);
}

TEST_F(Provider, SignsInForkedChildrenAndThreads) {
  const Context context;
  const auto key = load(context.library.get(), reference_->to_pem().value());
  ASSERT_TRUE(key);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(signs(context.library.get(), key.get(), *reference_->public_key) ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10; ++n) {
        good += signs(context.library.get(), key.get(), *reference_->public_key);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 80);
}

TEST_F(Provider, ReadsAReferenceBehindAStaleErrorAndOtherBlocks) {
  const Context context;
  const std::string foreign = "-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n";
  ERR_raise_data(ERR_LIB_USER, 1, "left by someone");
  EXPECT_TRUE(load(context.library.get(), foreign + reference_->to_pem().value()));
  ERR_clear_error();
}

TEST_F(Provider, ReadsAPlainKeyBehindOtherBlocks) {
  const Context context("?provider=keystore");
  const EvpPkeyPtr plain(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const BioPtr memory(BIO_new(BIO_s_mem()));
  BIO_puts(memory.get(), "-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n");
  PEM_write_bio_PrivateKey(memory.get(), plain.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  const auto read = load(context.library.get(), std::string(data, static_cast<std::size_t>(size)));
  ASSERT_TRUE(read) << ERR_reason_error_string(ERR_peek_last_error());
  EXPECT_EQ(EVP_PKEY_eq(read.get(), plain.get()), 1);
}

// Programs that build a key from numbers (JSON web keys) go on working when ours is preferred.
TEST_F(Provider, LetsProgramsBuildTheirOwnKeys) {
  const Context context("?provider=keystore");
  for (const auto* type : {"RSA", "EC"}) {
    const EvpPkeyPtr plain(type == std::string("EC")
                               ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                               : EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
    OSSL_PARAM* params = nullptr;
    ASSERT_EQ(EVP_PKEY_todata(plain.get(), EVP_PKEY_KEYPAIR, &params), 1);
    const OsslParamPtr owned(params);
    const EvpPkeyCtxPtr builder(EVP_PKEY_CTX_new_from_name(context.library.get(), type, nullptr));
    EVP_PKEY* made = nullptr;
    ASSERT_EQ(EVP_PKEY_fromdata_init(builder.get()), 1);
    EXPECT_EQ(EVP_PKEY_fromdata(builder.get(), &made, EVP_PKEY_KEYPAIR, params), 1) << type;
    const EvpPkeyPtr key(made);
    EXPECT_TRUE(!key || EVP_PKEY_eq(key.get(), plain.get()) == 1);
  }
}

TEST_F(Provider, ListsKeysByUri) {
  const Context context;
  make_reference("second", "rsa:2048");
  const auto uri = softhsm_->uri() + "?pin-source=" + softhsm_->pin_source();
  const OsslStoreCtxPtr store(OSSL_STORE_open_ex(uri.c_str(), context.library.get(), nullptr,
                                                 nullptr, nullptr, nullptr, nullptr, nullptr));
  ASSERT_TRUE(store);
  ASSERT_EQ(OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY), 1);
  int found = 0;
  while (OSSL_STORE_eof(store.get()) == 0) {
    const std::unique_ptr<OSSL_STORE_INFO, FreeWith<OSSL_STORE_INFO_free>> info(
        OSSL_STORE_load(store.get()));
    found += info && OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_PKEY;
  }
  EXPECT_EQ(found, 2);
}

}  // namespace
}  // namespace keystore
