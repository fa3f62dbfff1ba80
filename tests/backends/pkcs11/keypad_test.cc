// Tokens that ask for the PIN themselves (CKF_PROTECTED_AUTHENTICATION_PATH).
#include <thread>

#include "tests/backends/pkcs11/login_fixture.h"

namespace keystore {
namespace {

using testing::alone;
using ::testing::HasSubstr;
using testing::why;
using testing::with_pin;

class Keypad : public testing::TokenLogin {
 protected:
  /// What the person types, and what goes wrong beside it.
  void types(std::string_view pin, std::string_view more_faults = {}) {
    token_->set_faults(fmt::format("keypad {}\n{}", pin, more_faults));
  }
};

TEST_F(Keypad, IsWhereThePinIsTyped) {
  types(softhsm_->pin());
  EXPECT_TRUE(alone([&] {
    int asked = 0;
    for (const auto& options : {OpenOptions{}, with_pin("not-wanted", &asked)}) {
      const auto found = key(options);
      ASSERT_TRUE(found) << why(found);
      EXPECT_TRUE(signs(*found));
    }
    EXPECT_EQ(asked, 0);
  }));
  EXPECT_EQ(logins(), 1U);
}

TEST_F(Keypad, MayTakeLongerThanADeadline) {
  types(softhsm_->pin(), "C_Login delay=3000\n");
  EXPECT_TRUE(alone([&] {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto found = key({});
        ASSERT_TRUE(found) << why(found);
        EXPECT_TRUE(signs(*found));
      });
    }
  }));
  EXPECT_EQ(logins(), 1U);
}

TEST_F(Keypad, IsAskedAgainByALaterUse) {
  types("wrong-pin");
  EXPECT_TRUE(alone([&] {
    for (int i = 0; i < 2; ++i) {
      const auto found = key({});
      ASSERT_FALSE(found);
      EXPECT_EQ(found.error().code, Errc::pin_incorrect) << why(found);
    }
    types(softhsm_->pin());
    EXPECT_TRUE(key({}));
  }));
  EXPECT_EQ(logins(), 3U);
}

TEST_F(Keypad, IsLeftAloneWhenTheTokenIsLocked) {
  types(softhsm_->pin(), "token-flags set=0x40000\n");
  EXPECT_TRUE(alone([&] { EXPECT_EQ(key({}).error().code, Errc::pin_locked); }));
  EXPECT_EQ(logins(), 0U);
}

TEST_F(Keypad, IsLeftByThePersonWithoutAPin) {
  types(softhsm_->pin(), "C_Login code=0x50\n");
  EXPECT_TRUE(alone([&] {
    const auto found = key({});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::cancelled) << why(found);
  }));
  EXPECT_EQ(logins(), 1U);
}

}  // namespace
}  // namespace keystore
