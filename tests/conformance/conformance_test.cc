#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/backends/pem/data.h"
#include "tests/conformance/openssl_command.h"
#include "tests/conformance/sign_in_child.h"
#include "tests/conformance/subject.h"

// The same promises, kept by every backend.

namespace keystore {
namespace {

using testing::Backend;
using testing::Capability;
using testing::code_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::KeyFile;
using testing::open_path;
using testing::openssl_verify;
using ::testing::SizeIs;
using testing::test_file;
using testing::why;

/// A key, its certificate and the issuer's in tests/data/pem, and a scheme of the key.
struct KeyAndCertificates {
  const char* key;
  const char* certificate;
  const char* issuer;
  SignatureScheme scheme;
  bool issuer_is_root = false;  ///< then it is no part of the chain
};
constexpr KeyAndCertificates ec_files{"ec-p-256.pem", "web.pem", "issuer.pem",
                                      SignatureScheme::ecdsa_secp256r1_sha256};
constexpr KeyAndCertificates rsa_files{"rsa.pem", "issuer.pem", "root.pem",
                                       SignatureScheme::rsa_pkcs1_sha256, true};

Certificate the_certificate(const char* file) {
  return open_path(test_file(file)).find_certificates()->items.front();
}

/// Why the backend cannot do this with a key like that of the file; null: it can.
const testing::Lack* lack_of(Capability KeyFile::*what, const testing::Subject& subject,
                             std::string_view file) {
  const auto* row = std::ranges::find(testing::key_files, file, &KeyFile::file);
  return row == testing::key_files.end() ? nullptr : subject.lack(row->*what);
}

std::string cannot(std::string_view because) { return "CANNOT: " + std::string(because); }
std::string cannot(const testing::Lack& lack) { return cannot(lack.because); }

// What a token lacks is a row of its table, checked by capability_test.cc.
#define KEYSTORE_NEEDS(capability) \
  if (const auto* lack = subject().lack(Capability::capability)) GTEST_SKIP() << cannot(*lack)

class Conformance : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (GetParam().token != nullptr && !testing::can_run(*GetParam().token)) return;
    subject_ = GetParam().make();
  }

  testing::Subject& subject() { return *subject_; }
  Key the_key() { return subject_->store().key().value(); }
  /// EC where the backend has it.
  const KeyAndCertificates& usual() const {
    const bool no_ec = subject_->lack(Capability::import_p256) != nullptr &&
                       subject_->lack(Capability::generate_p256) != nullptr;
    return no_ec ? rsa_files : ec_files;
  }
  Key usual_key() {
    subject_->put_key(usual().key);
    return the_key();
  }

 private:
  std::unique_ptr<testing::Subject> subject_;
};

TEST_P(Conformance, ListsKeyAndCertificate) {
  KEYSTORE_NEEDS(import_certificate);
  subject().put_key(usual().key);
  subject().put_certificate(usual().certificate);
  const auto store = subject().store();
  const auto keys = store.find_entries({.kind = EntryKind::private_key});
  ASSERT_TRUE(keys) << why(keys);
  ASSERT_THAT(keys->items, SizeIs(1));
  EXPECT_EQ(keys->items[0].label, subject().label());
  EXPECT_EQ(keys->items[0].extractable, subject().exportable());
  const auto certificates = store.find_certificates();
  ASSERT_THAT(certificates->items, SizeIs(1));
  EXPECT_EQ(certificates->items[0], the_certificate(usual().certificate));
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
    if (lack_of(&KeyFile::import, *each, file) != nullptr) continue;
    EXPECT_EQ(key->public_key(), plain->public_key()) << file;
  }
}

TEST_P(Conformance, FindsByLabelIdAndPublicKey) {
  subject().put_key(usual().key);
  const auto store = subject().store();
  const auto key = store.key({.label = subject().label()});
  ASSERT_TRUE(key) << why(key);
  EXPECT_TRUE(store.key({.public_key = key->public_key()}));
  EXPECT_THAT(store.find_keys({.kind = EntryKind::private_key})->items, SizeIs(1));
  EXPECT_TRUE(key->id().empty() || store.key({.id = key->id()}));
}

TEST_P(Conformance, KeyIsFoundAgainByItsPrintedUri) {
  KEYSTORE_NEEDS(import_certificate);
  subject().put_key(usual().key);
  subject().put_certificate(usual().certificate);
  const auto entries = subject().store().find_entries({.kind = EntryKind::private_key});
  ASSERT_TRUE(entries) << why(entries);
  const auto again = open(entries->items.at(0).uri.canonical(), subject().options());
  ASSERT_TRUE(again) << why(again);
  const auto key = again->key();
  ASSERT_TRUE(key) << why(key);
  EXPECT_EQ(key->public_key(), the_key().public_key());
}

TEST_P(Conformance, FindsNothingQuietlyAndSaysSoForTheOneKey) {
  subject().put_key(usual().key);
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
  subject().put_key("rsa.pem");
  if (!subject().put_key("ec-p-256.pem")) GTEST_SKIP() << cannot("put two keys of the test data");
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
    if (lack_of(&KeyFile::sign, *each, file) != nullptr) continue;
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
  const auto key = usual_key();
  for (const auto scheme : {SignatureScheme::rsa_pkcs1_sha256, SignatureScheme::ed25519,
                            SignatureScheme::ecdsa_secp384r1_sha384}) {
    if (scheme == usual().scheme) continue;
    EXPECT_EQ(code_of(key.sign(scheme, as_bytes("x"))), Errc::invalid_argument)
        << to_string(scheme);
  }
}

TEST_P(Conformance, DecryptsWhatOpensslEncrypted) {
  KEYSTORE_NEEDS(decrypt_oaep_sha256);
  subject().put_key("rsa.pem");
  const auto key = the_key();
  const auto ciphertext = testing::openssl_encrypt(*key.public_key(), "a secret",
                                                   {"rsa_padding_mode:oaep", "rsa_oaep_md:sha256"});
  const auto plaintext = key.decrypt({}, as_bytes(ciphertext));
  ASSERT_TRUE(plaintext) << why(plaintext);
  EXPECT_EQ(as_text(plaintext->view()), "a secret");
  EXPECT_FALSE(key.decrypt({}, Bytes(256, 1)));
}

TEST_P(Conformance, DerivesWhatOpensslDerives) {
  KEYSTORE_NEEDS(derive_ecdh);
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
  KEYSTORE_NEEDS(import_certificate);
  if (const auto* lack = lack_of(&KeyFile::import, subject(), usual().key))
    GTEST_SKIP() << cannot(*lack);
  subject().put_key(usual().key);
  for (const char* file : {usual().certificate, usual().issuer}) subject().put_certificate(file);
  const auto identity = subject().store().identity();
  ASSERT_TRUE(identity) << why(identity);
  EXPECT_EQ(identity->leaf(), the_certificate(usual().certificate));
  if (usual().issuer_is_root) {
    EXPECT_THAT(identity->chain(), IsEmpty());
    return;
  }
  ASSERT_THAT(identity->chain(), SizeIs(1));
  EXPECT_EQ(identity->chain()[0].subject(), identity->leaf().issuer());
}

TEST_P(Conformance, CertificateOfAnotherKeyIsNoIdentity) {
  KEYSTORE_NEEDS(import_certificate);
  subject().put_key("rsa.pem");
  subject().put_certificate("web.pem");
  const auto identity = subject().store().identity();
  ASSERT_FALSE(identity);
  EXPECT_EQ(code_of(identity), Errc::key_mismatch) << why(identity);
  EXPECT_EQ(code_of(Identity::create(the_key(), the_certificate("web.pem"), {})),
            Errc::key_mismatch);
}

TEST_P(Conformance, EightThreadsSignAtOnce) {
  const auto key = usual_key();
  const auto scheme = usual().scheme;
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const auto signature = key.sign(scheme, as_bytes("hello"));
        const auto verified =
            signature ? key.public_key()->verify(spec_of(scheme), as_bytes("hello"), *signature)
                      : Failure(signature.error());
        if (verified && *verified) ++good;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 8 * 20);
}

TEST_P(Conformance, KeyOutlivesItsStore) {
  subject().put_key(usual().key);
  auto store = std::make_unique<Store>(subject().store());
  const auto key = store->key();
  ASSERT_TRUE(key) << why(key);
  store.reset();
  EXPECT_TRUE(key->sign(usual().scheme, as_bytes("hello")));
}

TEST_P(Conformance, KeySignsInAForkedChild) {
  const auto key = usual_key();
  const auto scheme = usual().scheme;
  ASSERT_TRUE(key.sign(scheme, as_bytes("hello")));
  const bool lacks = subject().lack(Capability::sign_in_child) != nullptr;
  // Where the token cannot, the child is told so, and the parent does not suffer from its attempts.
  const int wanted = lacks ? static_cast<int>(Errc::unavailable) : 0;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(testing::sign_in_child(key, scheme), wanted);
  const auto signature = key.sign(scheme, as_bytes("hello"));
  EXPECT_TRUE(signature) << why(signature);
}

TEST_P(Conformance, ExportsOnlyWhatMayLeave) {
  subject().put_key(usual().key);
  const auto exported = the_key().export_pkcs8(insecure_export_permit());
  if (!subject().exportable()) {
    EXPECT_EQ(code_of(exported), Errc::access_denied);
    return;
  }
  ASSERT_TRUE(exported) << why(exported);
  const auto plain = open_path(test_file(usual().key)).key();
  EXPECT_TRUE(*exported == *plain->export_pkcs8(insecure_export_permit()));
}

std::vector<Backend> token_backends() {
  std::vector<Backend> backends;
  for (const auto& kind : testing::real_tokens()) {
    const std::string name(kind.name);
    backends.push_back({name, [&kind] { return testing::make_token(kind); }, &kind});
    backends.push_back(
        {name + "Reference", [&kind] { return testing::make_reference(kind); }, &kind});
  }
  return backends;
}

constexpr auto name_of = [](const auto& backend) { return backend.param.name; };

INSTANTIATE_TEST_SUITE_P(Files, Conformance,
                         ::testing::Values(Backend{"PemFile", testing::make_pem_file},
                                           Backend{"PemFolder", testing::make_pem_folder},
                                           Backend{"EncryptedFile", testing::make_encrypted_file},
                                           Backend{"Pfx", testing::make_pfx},
                                           Backend{"Identity", testing::make_identity}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Tokens, Conformance, ::testing::ValuesIn(token_backends()), name_of);

}  // namespace
}  // namespace keystore
