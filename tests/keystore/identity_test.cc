#include "keystore/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/keystore/certificates.h"
#include "tests/keystore/faceless_key.h"

namespace keystore {
namespace {

using testing::Authority;
using testing::faceless;
using testing::new_key;

class IdentityTest : public ::testing::Test {
 protected:
  Authority authority_;
};

TEST_F(IdentityTest, HoldsWhatBelongsTogether) {
  const auto made = authority_.make("web", "", false);
  const auto identity = Identity::create(made.key, made.certificate, {});
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->leaf(), made.certificate);
}

TEST_F(IdentityTest, RefusesAnotherKey) {
  const auto made = authority_.make("web", "", false);
  for (const auto* type : {"ec:p256", "rsa:1024"}) {
    const auto identity = Identity::create(new_key(type), made.certificate, {});
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().code, Errc::key_mismatch);
    EXPECT_THAT(identity.error().message, ::testing::HasSubstr("CN=web"));
  }
}

TEST_F(IdentityTest, ProvesItselfBySigning) {
  const auto made = authority_.make("web", "", false);
  const auto identity = Identity::create(made.key, made.certificate, {}).value();
  EXPECT_TRUE(identity.prove());
  EXPECT_TRUE(Identity::create(faceless(made.key), made.certificate, {}).value().prove());
}

TEST_F(IdentityTest, AKeyWithoutPublicHalfProvesItselfBySigning) {
  const auto made = authority_.make("web", "", false);
  EXPECT_TRUE(Identity::create(faceless(made.key), made.certificate, {}));
  for (const auto* type : {"ec:p256", "rsa:1024", "ed25519"}) {
    const auto identity = Identity::create(faceless(new_key(type)), made.certificate, {});
    ASSERT_FALSE(identity) << type;
    EXPECT_EQ(identity.error().code, Errc::key_mismatch);
  }
}

}  // namespace
}  // namespace keystore
