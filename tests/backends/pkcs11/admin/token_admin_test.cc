#include "backends/pkcs11/admin/token_admin.h"

#include <gtest/gtest.h>

#include "keystore/store.h"
#include "tests/support/softhsm.h"

namespace keystore::pkcs11 {
namespace {

using testing::SoftHsm;

class TokenAdministration : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    softhsm_.emplace("test");
  }

  Result<TokenAdmin> open_admin() const {
    return TokenAdmin::open({.path = SoftHsm::module_path()});
  }

  /// The slot of the token that is, or is not, initialised.
  static unsigned long slot_of(TokenAdmin& admin, bool initialised) {
    const auto slots = admin.slots().value();
    for (const auto& token : slots) {
      if (token.initialised == initialised) return token.slot;
    }
    ADD_FAILURE() << "no such slot";
    return 0;
  }

  std::optional<SoftHsm> softhsm_;
};

TEST_F(TokenAdministration, ListsInitialisedAndFreeTokens) {
  auto admin = open_admin();
  ASSERT_TRUE(admin) << admin.error().message;
  const auto slots = admin->slots();
  ASSERT_TRUE(slots) << slots.error().message;
  ASSERT_EQ(slots->size(), 2U);
  EXPECT_EQ(slots->front().label, "test");
  EXPECT_TRUE(slots->front().initialised);
  EXPECT_FALSE(slots->back().initialised);
}

TEST_F(TokenAdministration, InitialisesWithLabelAndPin) {
  auto admin = open_admin();
  ASSERT_TRUE(admin) << admin.error().message;
  const auto so_pin = Secret::copy_of("11223344");
  const auto pin = Secret::copy_of("556677");
  const auto token = admin->initialise(slot_of(*admin, false), "second", so_pin, pin);
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->label, "second");
  EXPECT_TRUE(admin->change_pin(token->slot, pin, Secret::copy_of("778899")));
}

TEST_F(TokenAdministration, WrongPinChangesNothing) {
  auto admin = open_admin();
  ASSERT_TRUE(admin) << admin.error().message;
  const auto slot = slot_of(*admin, true);
  const auto wrong = Secret::copy_of("no such pin");
  const auto fresh = Secret::copy_of("123123");
  const auto changed = admin->change_pin(slot, wrong, fresh);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Errc::pin_incorrect);
  const auto unblocked = admin->set_pin(slot, wrong, fresh);
  ASSERT_FALSE(unblocked);
  EXPECT_EQ(unblocked.error().code, Errc::pin_incorrect);
  EXPECT_TRUE(admin->change_pin(slot, Secret::copy_of(softhsm_->pin()), fresh));
}

TEST_F(TokenAdministration, UnblocksAsSecurityOfficer) {
  auto admin = open_admin();
  ASSERT_TRUE(admin) << admin.error().message;
  const auto slot = slot_of(*admin, true);
  const auto fresh = Secret::copy_of("123123");
  ASSERT_TRUE(admin->set_pin(slot, Secret::copy_of(softhsm_->so_pin()), fresh));
  EXPECT_TRUE(admin->change_pin(slot, fresh, Secret::copy_of("321321")));
}

TEST_F(TokenAdministration, RefusesPinsWithZeroOctetsAndLongLabels) {
  auto admin = open_admin();
  ASSERT_TRUE(admin) << admin.error().message;
  const auto slot = slot_of(*admin, false);
  const auto pin = Secret::copy_of("123123");
  const auto label = admin->initialise(slot, std::string(33, 'x'), pin, pin);
  ASSERT_FALSE(label);
  EXPECT_EQ(label.error().code, Errc::invalid_argument);
  const auto zero = admin->initialise(slot, "x",
                                      Secret::copy_of(std::string_view("12\0"
                                                                       "34",
                                                                       5)),
                                      pin);
  ASSERT_FALSE(zero);
  EXPECT_EQ(zero.error().code, Errc::invalid_argument);
}

TEST_F(TokenAdministration, OneAtATime) {
  auto admin = open_admin();
  ASSERT_TRUE(admin) << admin.error().message;
  const auto another = open_admin();
  ASSERT_FALSE(another);
  EXPECT_EQ(another.error().code, Errc::unavailable);
}

// The last one: the module stays in the process from here on.
TEST_F(TokenAdministration, RefusedWhileThisProcessUsesTheModule) {
  const OpenOptions options = {.pin_source = SecretSource::parse(softhsm_->pin_source()).value()};
  const auto store = keystore::open(softhsm_->uri(), options);
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_TRUE(store->find_entries());
  const auto admin = open_admin();
  ASSERT_FALSE(admin);
  EXPECT_EQ(admin.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace keystore::pkcs11
