#include "tests/keystore/wycheproof.h"

#include "keystore/internal/software_key.h"
#include "keystore/public_key.h"

namespace keystore {
namespace {

using testing::digest_named;
using testing::expect_result;
using testing::from_hex;
using testing::oaep_spec_for;
using testing::octets;
using testing::software_key;
using testing::spec_for;
using testing::Wycheproof;

constexpr std::string_view x25519_pkcs8_prefix = "302e020100300506032b656e04220420";
constexpr std::string_view x25519_spki_prefix = "302a300506032b656e032100";

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
      if (group.at("type") == "RsaesOaepDecrypt") spec = oaep_spec_for(group, test);
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
