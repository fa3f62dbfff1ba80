// The paddings that we make and take off for tokens that only do the RSA operation, against vectors
// of Project Wycheproof; the operation itself is a software key's.

#include "backends/pkcs11/rsa_padding.h"

#include "keystore/internal/lib_ctx.h"
#include "tests/keystore/wycheproof.h"

namespace keystore::pkcs11 {
namespace {

using testing::digest_named;
using testing::expect_result;
using testing::new_key;
using testing::oaep_spec_for;
using testing::octets;
using testing::software_key;
using testing::spec_for;
using testing::Wycheproof;

const SignSpec raw = {.algorithm = SignAlgorithm::rsa_raw, .input = SignInput::raw};

std::size_t modulus_size(const Key& key) { return key.public_key()->shape().bits / 8; }

class WycheproofOaepPadding : public Wycheproof {};

TEST_P(WycheproofOaepPadding, IsTakenOffAlike) {
  for (const auto& group : vectors_.at("testGroups")) {
    const auto key = software_key(octets(group, "privateKeyPkcs8"));
    for (const auto& test : group.at("tests")) {
      const auto ciphertext = octets(test, "ct");
      const auto block = key.decrypt({.encryption = Encryption::rsa_raw}, ciphertext);
      const auto plain =
          block ? unpad_oaep(oaep_spec_for(group, test), block->view(), modulus_size(key))
                : Result<Secret>(Failure(block.error()));
      expect_result(test, plain && std::ranges::equal(plain->view(), octets(test, "msg")));
      ++checked_;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, WycheproofOaepPadding,
                         ::testing::Values("rsa_oaep_2048_sha256_mgf1sha256_test.json"));

class WycheproofPkcs1Padding : public Wycheproof {};

TEST_P(WycheproofPkcs1Padding, IsMadeAlike) {
  for (const auto& group : vectors_.at("testGroups")) {
    const auto digest = digest_named(group.at("sha"));
    if (!digest) continue;
    const auto key = software_key(octets(group, "privateKeyPkcs8"));
    for (const auto& test : group.at("tests")) {
      const auto block = pad_pkcs1_signature(
          digest_info(*digest, hash(*digest, octets(test, "msg"))), modulus_size(key));
      ASSERT_TRUE(block) << block.error().message;
      const auto made = key.sign_digest(raw, *block);
      ASSERT_TRUE(made) << made.error().message;
      expect_result(test, *made == octets(test, "sig"));
      ++checked_;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, WycheproofPkcs1Padding,
                         ::testing::Values("rsa_pkcs1_2048_sig_gen_test.json"));

class WycheproofPssPadding : public Wycheproof {};

// The vectors hold public keys alone: their parameters and messages are signed by a key of ours.
TEST_P(WycheproofPssPadding, IsMadeForEveryParameter) {
  const auto key = new_key("rsa:2048");
  for (const auto& group : vectors_.at("testGroups")) {
    const auto spec = spec_for(group);
    if (!spec) continue;
    for (const auto& test : group.at("tests")) {
      const auto message = octets(test, "msg");
      const auto block = pad_pss(*spec, hash(spec->digest, message), 2048);
      ASSERT_TRUE(block) << block.error().message;
      const auto made = key.sign_digest(raw, *block);
      ASSERT_TRUE(made) << made.error().message;
      EXPECT_TRUE(key.public_key()->verify(*spec, message, *made).value()) << test.at("tcId");
      ++checked_;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, WycheproofPssPadding,
                         ::testing::Values("rsa_pss_2048_sha256_mgf1_32_test.json",
                                           "rsa_pss_2048_sha384_mgf1_48_test.json",
                                           "rsa_pss_misc_params_test.json"));

}  // namespace
}  // namespace keystore::pkcs11
