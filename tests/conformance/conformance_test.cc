#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/backends/pem/data.h"
#include "tests/conformance/openssl_command.h"
#include "tests/conformance/subject.h"
#include "tests/support/softhsm.h"

// The same promises, kept by every backend.

namespace keystore {
namespace {

using testing::Backend;
using testing::code_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::open_path;
using testing::openssl_verify;
using ::testing::SizeIs;
using testing::test_file;
using testing::why;

constexpr auto p256 = SignatureScheme::ecdsa_secp256r1_sha256;

class Conformance : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (GetParam().needs_token && !testing::SoftHsm::available()) {
      GTEST_SKIP() << "NO SOFTHSM: softhsm2 is not installed";
    }
    subject_ = GetParam().make();
  }

  testing::Subject& subject() { return *subject_; }
  Key the_key() { return subject_->store().key().value(); }

 private:
  std::unique_ptr<testing::Subject> subject_;
};

TEST_P(Conformance, ListsKeyAndCertificate) {
  subject().put_key("ec-p-256.pem");
  subject().put_certificate("web.pem");
  const auto store = subject().store();
  const auto keys = store.find_entries({.kind = EntryKind::private_key});
  ASSERT_TRUE(keys) << why(keys);
  ASSERT_THAT(keys->items, SizeIs(1));
  EXPECT_EQ(keys->items[0].label, subject().label());
  EXPECT_EQ(keys->items[0].extractable, subject().exportable());
  const auto certificates = store.find_certificates();
  ASSERT_THAT(certificates->items, SizeIs(1));
  EXPECT_EQ(certificates->items[0].subject(), "CN=web.example");
  EXPECT_THAT(store.find_entries()->skipped, IsEmpty());
}

TEST_P(Conformance, KnowsShapeAndPublicHalf) {
  for (const char* file : {"rsa.pem", "ec-p-256.pem", "ec-p-384.pem", "ec-p-521.pem", "ed25519.pem",
                           "ed448.pem", "rsa-pss.pem"}) {
    const auto each = GetParam().make();
    if (!each->put_key(file)) continue;
    const auto key = each->store().key();
    ASSERT_TRUE(key) << file << " " << why(key);
    const auto plain = open_path(test_file(file)).key();
    EXPECT_EQ(*key->entry().shape, *plain->entry().shape) << file;
    EXPECT_EQ(key->public_key(), plain->public_key()) << file;
  }
}

TEST_P(Conformance, FindsByLabelIdAndPublicKey) {
  subject().put_key("ec-p-256.pem");
  const auto store = subject().store();
  const auto key = store.key({.label = subject().label()});
  ASSERT_TRUE(key) << why(key);
  EXPECT_TRUE(store.key({.public_key = key->public_key()}));
  EXPECT_THAT(store.find_keys({.kind = EntryKind::private_key})->items, SizeIs(1));
  EXPECT_TRUE(key->id().empty() || store.key({.id = key->id()}));
}

TEST_P(Conformance, KeyIsFoundAgainByItsPrintedUri) {
  subject().put_key("ec-p-256.pem");
  subject().put_certificate("web.pem");
  const auto entries = subject().store().find_entries({.kind = EntryKind::private_key});
  ASSERT_TRUE(entries) << why(entries);
  const auto again = open(entries->items.at(0).uri.canonical(), subject().options());
  ASSERT_TRUE(again) << why(again);
  const auto key = again->key();
  ASSERT_TRUE(key) << why(key);
  EXPECT_EQ(key->public_key(), the_key().public_key());
}

TEST_P(Conformance, FindsNothingQuietlyAndSaysSoForTheOneKey) {
  subject().put_key("ec-p-256.pem");
  const auto store = subject().store();
  const auto other = open_path(test_file("ed25519.pem")).key()->public_key();
  for (const Query& query :
       {Query{.label = "no such label"}, Query{.id = Bytes{9, 9, 9}}, Query{.public_key = other}}) {
    const auto found = store.find_keys(query);
    ASSERT_TRUE(found) << why(found);
    EXPECT_THAT(found->items, IsEmpty());
    EXPECT_EQ(code_of(store.key(query)), Errc::not_found);
  }
}

TEST_P(Conformance, SeveralKeysAreAmbiguousAndListed) {
  subject().put_key("ec-p-256.pem");
  subject().put_key("rsa.pem");
  const auto store = subject().store();
  const auto key = store.key();
  ASSERT_EQ(code_of(key), Errc::ambiguous);
  const auto found = store.find_keys();
  ASSERT_THAT(found->items, SizeIs(2));
  for (const auto& each : found->items) {
    EXPECT_THAT(key.error().message, HasSubstr(each.uri().canonical()));
  }
}

TEST_P(Conformance, SignsEverySchemeItOffers) {
  for (const char* file : {"rsa.pem", "ec-p-256.pem", "ec-p-384.pem", "ec-p-521.pem", "ed25519.pem",
                           "ed448.pem", "rsa-pss.pem"}) {
    const auto each = GetParam().make();
    if (!each->put_key(file)) continue;
    const auto key = each->store().key();
    ASSERT_TRUE(key) << file << " " << why(key);
    EXPECT_FALSE(key->schemes().empty()) << file;
    for (const auto scheme : key->schemes()) {
      const auto signature = key->sign(scheme, as_bytes("a message"));
      ASSERT_TRUE(signature) << file << " " << to_string(scheme) << " " << why(signature);
      EXPECT_EQ(openssl_verify(*key->public_key(), scheme, "a message", *signature), "verified")
          << to_string(scheme);
    }
  }
}

TEST_P(Conformance, SignsADigestOfAnother) {
  subject().put_key("rsa.pem");
  const auto key = the_key();
  const Bytes digest(32, 7);
  const SignSpec spec{
      .algorithm = SignAlgorithm::rsa_pkcs1, .input = SignInput::digest, .digest = Digest::sha256};
  const auto signature = key.sign_digest(spec, digest);
  ASSERT_TRUE(signature) << why(signature);
  EXPECT_TRUE(*key.public_key()->verify(spec, digest, *signature));
  EXPECT_FALSE(key.sign_digest(spec, Bytes(31)));
}

TEST_P(Conformance, RefusesTheSchemeOfAnotherKeyType) {
  subject().put_key("ec-p-256.pem");
  const auto key = the_key();
  for (const auto scheme : {SignatureScheme::rsa_pkcs1_sha256, SignatureScheme::ed25519,
                            SignatureScheme::ecdsa_secp384r1_sha384}) {
    EXPECT_EQ(code_of(key.sign(scheme, as_bytes("x"))), Errc::invalid_argument)
        << to_string(scheme);
  }
}

TEST_P(Conformance, DecryptsWhatOpensslEncrypted) {
  subject().put_key("rsa.pem");
  const auto key = the_key();
  const auto ciphertext = testing::openssl_encrypt(*key.public_key(), "a secret");
  const auto plaintext = key.decrypt({}, as_bytes(ciphertext));
  // SoftHSM does OAEP with SHA-1 alone.
  if (code_of(plaintext) == Errc::unsupported && !subject().exportable()) {
    GTEST_SKIP() << why(plaintext);
  }
  ASSERT_TRUE(plaintext) << why(plaintext);
  EXPECT_EQ(as_text(plaintext->view()), "a secret");
  EXPECT_FALSE(key.decrypt({}, Bytes(256, 1)));
}

TEST_P(Conformance, DerivesWhatOpensslDerives) {
  subject().put_key("ec-p-256.pem");
  const auto key = the_key();
  const auto other = open_path(test_file("ec-with-parameters.pem")).key();
  const auto secret = key.derive(*other->public_key());
  ASSERT_TRUE(secret) << why(secret);
  EXPECT_EQ(as_text(secret->view()),
            testing::openssl_derive(test_file("ec-with-parameters.pem"), *key.public_key()));
  EXPECT_FALSE(key.derive(*open_path(test_file("ec-p-384.pem")).key()->public_key()));
}

TEST_P(Conformance, GivesTheIdentityWithItsChain) {
  subject().put_key("ec-p-256.pem");
  for (const char* file : {"web.pem", "issuer.pem"}) subject().put_certificate(file);
  const auto identity = subject().store().identity();
  ASSERT_TRUE(identity) << why(identity);
  EXPECT_EQ(identity->leaf().subject(), "CN=web.example");
  ASSERT_THAT(identity->chain(), SizeIs(1));
  EXPECT_EQ(identity->chain()[0].subject(), identity->leaf().issuer());
}

TEST_P(Conformance, CertificateOfAnotherKeyIsNoIdentity) {
  subject().put_key("ed25519.pem");
  subject().put_certificate("web.pem");
  const auto identity = subject().store().identity();
  ASSERT_FALSE(identity);
  EXPECT_EQ(code_of(identity), Errc::key_mismatch) << why(identity);
  const auto web = open_path(test_file("web.pem")).find_certificates()->items.front();
  EXPECT_EQ(code_of(Identity::create(the_key(), web, {})), Errc::key_mismatch);
}

TEST_P(Conformance, EightThreadsSignAtOnce) {
  subject().put_key("ec-p-256.pem");
  const auto key = the_key();
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const auto signature = key.sign(p256, as_bytes("hello"));
        const auto verified =
            signature ? key.public_key()->verify(spec_of(p256), as_bytes("hello"), *signature)
                      : Failure(signature.error());
        if (verified && *verified) ++good;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 8 * 20);
}

TEST_P(Conformance, KeyOutlivesItsStore) {
  subject().put_key("ec-p-256.pem");
  auto store = std::make_unique<Store>(subject().store());
  const auto key = store->key();
  ASSERT_TRUE(key) << why(key);
  store.reset();
  EXPECT_TRUE(key->sign(p256, as_bytes("hello")));
}

TEST_P(Conformance, KeySignsInAForkedChild) {
  subject().put_key("ec-p-256.pem");
  const auto key = the_key();
  ASSERT_TRUE(key.sign(p256, as_bytes("hello")));
  const pid_t child = fork();
  ASSERT_NE(child, -1);
  if (child == 0) {
    alarm(30);
    const auto signature = key.sign(p256, as_bytes("hello"));
    const bool good =
        signature && key.public_key()->verify(spec_of(p256), as_bytes("hello"), *signature);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(key.sign(p256, as_bytes("hello")));
}

TEST_P(Conformance, ExportsOnlyWhatMayLeave) {
  subject().put_key("ec-p-256.pem");
  const auto exported = the_key().export_pkcs8(insecure_export_permit());
  if (!subject().exportable()) {
    EXPECT_EQ(code_of(exported), Errc::access_denied);
    return;
  }
  ASSERT_TRUE(exported) << why(exported);
  const auto plain = open_path(test_file("ec-p-256.pem")).key();
  EXPECT_TRUE(*exported == *plain->export_pkcs8(insecure_export_permit()));
}

INSTANTIATE_TEST_SUITE_P(Backends, Conformance,
                         ::testing::Values(Backend{"PemFile", testing::make_pem_file},
                                           Backend{"PemFolder", testing::make_pem_folder},
                                           Backend{"EncryptedFile", testing::make_encrypted_file},
                                           Backend{"Identity", testing::make_identity},
                                           Backend{"Pkcs11", testing::make_token, true},
                                           Backend{"Reference", testing::make_reference, true}),
                         [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace keystore
