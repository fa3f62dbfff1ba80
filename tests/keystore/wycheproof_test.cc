// Vectors of Project Wycheproof, read in place. "acceptable" results may go either way.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "keystore/internal/software_key.h"
#include "keystore/public_key.h"
#include "tests/keystore/software_keys.h"

namespace keystore {
namespace {

using nlohmann::json;
using testing::from_hex;
using testing::software_key;

constexpr std::string_view x25519_pkcs8_prefix = "302e020100300506032b656e04220420";
constexpr std::string_view x25519_spki_prefix = "302a300506032b656e032100";

std::filesystem::path corpus_folder() {
  const char* corpus = std::getenv("KEYSTORE_CORPUS");
  if (corpus != nullptr) return corpus;
  const char* source = std::getenv("KEYSTORE_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "../shared/corpus";
}

std::optional<Digest> digest_named(const json& name) {
  static const std::map<std::string, Digest> digests = {
      {"SHA-1", Digest::sha1},        {"SHA-224", Digest::sha224},
      {"SHA-256", Digest::sha256},    {"SHA-384", Digest::sha384},
      {"SHA-512", Digest::sha512},    {"SHA3-224", Digest::sha3_224},
      {"SHA3-256", Digest::sha3_256}, {"SHA3-384", Digest::sha3_384},
      {"SHA3-512", Digest::sha3_512}, {"SHA-512/224", Digest::sha512_224},
      {"SHA-512/256", Digest::sha512_256}};
  const auto found = digests.find(name.get<std::string>());
  if (found == digests.end()) return {};
  return found->second;
}

Bytes octets(const json& object, const char* name) {
  return from_hex(object.at(name).get<std::string>());
}

/// Compares one outcome with the vector's; `good` is what we found.
void expect_result(const json& test, bool good) {
  const auto result = test.at("result").get<std::string>();
  if (result == "acceptable") return;
  EXPECT_EQ(good, result == "valid") << "tcId " << test.at("tcId") << ": " << test.at("comment");
}

class Wycheproof : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto path = corpus_folder() / "wycheproof" / GetParam();
    std::ifstream file(path);
    if (!file) GTEST_SKIP() << "no corpus: " << path << " (set KEYSTORE_CORPUS)";
    vectors_ = json::parse(file);
  }
  void TearDown() override {
    if (IsSkipped()) return;
    EXPECT_GT(checked_, 0);
    std::cout << GetParam() << ": " << checked_ << " vectors\n";
  }

  json vectors_;
  int checked_ = 0;
};

/// The spec that a group of signatures names; empty for digests that we do not have.
std::optional<SignSpec> spec_for(const json& group) {
  const auto type = group.at("type").get<std::string>();
  if (type == "EddsaVerify") return SignSpec{.algorithm = SignAlgorithm::eddsa};
  const auto digest = digest_named(group.at("sha"));
  if (!digest) return {};
  SignSpec spec{.digest = *digest};
  if (type == "EcdsaVerify") spec.algorithm = SignAlgorithm::ecdsa;
  if (!type.starts_with("RsassaPss")) return spec;
  const auto mgf = digest_named(group.at("mgfSha"));
  if (!mgf || group.at("mgf") != "MGF1") return {};
  spec.algorithm = SignAlgorithm::rsa_pss;
  spec.mgf_digest = *mgf;
  spec.salt_length = group.at("sLen").get<unsigned>();
  return spec;
}

class WycheproofVerify : public Wycheproof {};

TEST_P(WycheproofVerify, AgreesOnEverySignature) {
  for (const auto& group : vectors_.at("testGroups")) {
    const auto spec = spec_for(group);
    if (!spec) continue;
    const auto key = PublicKey::parse(octets(group, "publicKeyDer"));
    ASSERT_TRUE(key) << key.error().message;
    for (const auto& test : group.at("tests")) {
      const auto good = key->verify(*spec, octets(test, "msg"), octets(test, "sig"));
      ASSERT_TRUE(good) << good.error().message;
      expect_result(test, *good);
      ++checked_;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, WycheproofVerify,
                         ::testing::Values("ecdsa_secp256r1_sha256_test.json",
                                           "ecdsa_secp384r1_sha512_test.json", "ed25519_test.json",
                                           "rsa_pss_2048_sha256_mgf1_32_test.json",
                                           "rsa_pss_2048_sha384_mgf1_48_test.json",
                                           "rsa_pss_misc_params_test.json",
                                           "rsa_signature_2048_sha256_test.json",
                                           "rsa_signature_4096_sha512_test.json"));

class WycheproofGenerate : public Wycheproof {};

TEST_P(WycheproofGenerate, MakesTheSameSignatures) {
  for (const auto& group : vectors_.at("testGroups")) {
    const auto digest = digest_named(group.at("sha"));
    if (!digest) continue;
    const auto key = software_key(octets(group, "privateKeyPkcs8"));
    for (const auto& test : group.at("tests")) {
      const auto made = key.sign_digest({.digest = *digest}, octets(test, "msg"));
      ASSERT_TRUE(made) << made.error().message;
      expect_result(test, *made == octets(test, "sig"));
      ++checked_;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, WycheproofGenerate,
                         ::testing::Values("rsa_pkcs1_2048_sig_gen_test.json"));

class WycheproofDecrypt : public Wycheproof {};

TEST_P(WycheproofDecrypt, AgreesOnEveryCiphertext) {
  for (const auto& group : vectors_.at("testGroups")) {
    const auto key = software_key(octets(group, "privateKeyPkcs8"));
    for (const auto& test : group.at("tests")) {
      DecryptSpec spec{.encryption = Encryption::rsa_pkcs1};
      if (group.at("type") == "RsaesOaepDecrypt") {
        spec = {.encryption = Encryption::rsa_oaep,
                .digest = *digest_named(group.at("sha")),
                .mgf_digest = *digest_named(group.at("mgfSha")),
                .label = octets(test, "label")};
      }
      const auto plain = key.decrypt(spec, octets(test, "ct"));
      const auto expected = octets(test, "msg");
      expect_result(test, plain && std::ranges::equal(plain->view(), expected));
      EXPECT_TRUE(plain || plain.error().code == Errc::malformed);
      ++checked_;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, WycheproofDecrypt,
                         ::testing::Values("rsa_oaep_2048_sha256_mgf1sha256_test.json",
                                           "rsa_pkcs1_2048_test.json"));

class WycheproofX25519 : public Wycheproof {};

TEST_P(WycheproofX25519, DerivesTheSameSecrets) {
  for (const auto& group : vectors_.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      const auto key = software_key(
          from_hex(std::string(x25519_pkcs8_prefix) + test.at("private").get<std::string>()));
      const auto peer = PublicKey::parse(
          from_hex(std::string(x25519_spki_prefix) + test.at("public").get<std::string>()));
      ASSERT_TRUE(peer) << peer.error().message;
      const auto shared = key.derive(*peer);
      expect_result(test, shared && std::ranges::equal(shared->view(), octets(test, "shared")));
      EXPECT_TRUE(shared || shared.error().code == Errc::invalid_argument);
      ++checked_;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, WycheproofX25519, ::testing::Values("x25519_test.json"));

}  // namespace
}  // namespace keystore
