// SoftHSM signs faster with a copy of an EC key in a session (quirks.h): who sees the copy, and how
// it ends.
#include <gmock/gmock.h>

#include "tests/backends/pkcs11/token_keys.h"
#include "tests/tokens/test_token.h"

namespace keystore {
namespace {

using testing::alone;
using testing::SoftHsm;
using testing::TestToken;
using testing::why;
using testing::with_pin;

const Bytes message = {'m'};

class SessionCopy : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    softhsm_.emplace();
    token_.emplace(*softhsm_);
  }
  Store store() { return keystore::open(softhsm_->uri(), with_pin(softhsm_->pin())).value(); }
  Key make_key(const char* type, const char* label) {
    return store()
        .generator()
        ->generate_key(KeySpec::parse(type).value(), {.label = label})
        .value();
  }
  std::uint64_t copies() { return token_->counts().of("C_CopyObject"); }

  std::optional<SoftHsm> softhsm_;
  std::optional<TestToken> token_;
};

TEST_F(SessionCopy, IsMadeOnceForAKeyThatIsUsed) {
  EXPECT_TRUE(alone([&] {
    make_key("ec:p256", "key");
    EXPECT_EQ(copies(), 0U);
    for (int loads = 0; loads < 3; ++loads) {
      const auto key = store().key();
      ASSERT_TRUE(key) << why(key);
      const auto signature = key->sign(SignatureScheme::ecdsa_secp256r1_sha256, message);
      EXPECT_TRUE(signature) << why(signature);
    }
    EXPECT_EQ(copies(), 1U);
  }));
}

TEST_F(SessionCopy, IsNotMadeOfAnRsaKey) {
  EXPECT_TRUE(alone([&] {
    EXPECT_TRUE(make_key("rsa:2048", "key").sign(SignatureScheme::rsa_pkcs1_sha256, message));
    EXPECT_EQ(copies(), 0U);
  }));
}

TEST_F(SessionCopy, IsNoEntryOfTheStore) {
  EXPECT_TRUE(alone([&] {
    const auto key = make_key("ec:p256", "key");
    ASSERT_TRUE(key.sign(SignatureScheme::ecdsa_secp256r1_sha256, message));
    ASSERT_EQ(copies(), 1U);
    const auto entries = store().find_entries();
    ASSERT_TRUE(entries) << why(entries);
    EXPECT_EQ(entries->items.size(), 2U);  // the key and its public key
  }));
}

TEST_F(SessionCopy, EndsWithTheKey) {
  EXPECT_TRUE(alone([&] {
    const auto key = make_key("ec:p256", "key");
    ASSERT_TRUE(key.sign(SignatureScheme::ecdsa_secp256r1_sha256, message));
    ASSERT_EQ(copies(), 1U);
    ASSERT_TRUE(store().remover()->remove(key.entry()));
    const auto signature = key.sign(SignatureScheme::ecdsa_secp256r1_sha256, message);
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, Errc::not_found) << why(signature);
  }));
}

TEST_F(SessionCopy, WhereNoneCanBeMadeTheKeyItselfIsUsed) {
  EXPECT_TRUE(alone([&] {
    token_->set_faults("C_CopyObject code=0x54");
    const auto key = make_key("ec:p256", "key");
    const auto signature = key.sign(SignatureScheme::ecdsa_secp256r1_sha256, message);
    EXPECT_TRUE(signature) << why(signature);
  }));
}

}  // namespace
}  // namespace keystore
