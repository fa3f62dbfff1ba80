// Keys that want the PIN for each use (CKA_ALWAYS_AUTHENTICATE).
#include <atomic>
#include <thread>

#include "keystore/log.h"
#include "tests/backends/pkcs11/login_fixture.h"

namespace keystore {
namespace {

using testing::alone;
using ::testing::HasSubstr;
using testing::why;
using testing::with_pin;
using testing::write_text;

class AlwaysAuthenticate : public testing::TokenLogin {
 protected:
  void SetUp() override {
    TokenLogin::SetUp();
    if (IsSkipped()) return;
    token_->set_faults("always-authenticate");
    ASSERT_TRUE(alone([&] {
      for (const auto* type : {"ec:p256", "rsa:2048"}) {
        const auto made =
            open_store()->generator()->generate_key(KeySpec::parse(type).value(), {.label = type});
        ASSERT_TRUE(made) << why(made);
      }
    }));
    token_->set_faults("");
    token_->counts().reset();
  }
  Result<Key> strict(const OpenOptions& options) { return key(options, "ec:p256"); }
  OpenOptions without_cache(OpenOptions options) {
    auto config = *process_config().value();
    config.policy.pin_cache = PinCache::none;
    options.config = std::make_shared<const Config>(config);
    return options;
  }
  std::uint64_t count(const char* call) { return token_->counts().of(call); }
};

TEST_F(AlwaysAuthenticate, IsOneLoginMoreForEachSignature) {
  EXPECT_TRUE(alone([&] {
    int asked = 0;
    const auto found = strict(with_pin(softhsm_->pin(), &asked));
    ASSERT_TRUE(found) << why(found);
    EXPECT_TRUE(signs(*found));
    token_->counts().reset();
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(signs(*found));
    EXPECT_EQ(count("C_Login"), 5U);
    EXPECT_EQ(token_->counts().total(), 15U) << ::testing::PrintToString(token_->counts().called());
    EXPECT_EQ(asked, 1);
  }));
}

TEST_F(AlwaysAuthenticate, HoldsForDecryptionToo) {
  EXPECT_TRUE(alone([&] {
    const auto found = key(with_pin(softhsm_->pin()), "rsa:2048");
    ASSERT_TRUE(found) << why(found);
    const auto made =
        found->decrypt({.encryption = Encryption::rsa_pkcs1}, Bytes(256, std::uint8_t{7}));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::malformed) << "the token looked at it: " << why(made);
    EXPECT_EQ(count("C_Login"), 2U);
  }));
}

TEST_F(AlwaysAuthenticate, WorksInThreadsAndChildren) {
  EXPECT_TRUE(alone([&] {
    const auto found = strict(from(softhsm_->pin_source()));
    ASSERT_TRUE(found) << why(found);
    const auto all_sign = [&] {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < 5; ++n) EXPECT_TRUE(signs(*found));
        });
      }
    };
    all_sign();
    EXPECT_TRUE(alone(all_sign));
  }));
}

TEST_F(AlwaysAuthenticate, ChangedPinCostsOneTryInThreadsAndChildren) {
  EXPECT_TRUE(alone([&] {
    const auto found = strict(with_pin(softhsm_->pin()));
    ASSERT_TRUE(found) << why(found);
    EXPECT_TRUE(signs(*found));
    change_pin("4711-changed");
    token_->counts().reset();
    token_->set_faults("pin-tries 3");
    const auto all_fail = [&] {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
          const auto made = found->sign(scheme, message);
          ASSERT_FALSE(made);
          EXPECT_EQ(made.error().code, Errc::pin_incorrect) << why(made);
        });
      }
    };
    all_fail();
    EXPECT_TRUE(alone(all_fail));
    all_fail();
    EXPECT_EQ(token_->counts().wrong_pins(), 1U);
  }));
}

TEST_F(AlwaysAuthenticate, ReadsTheSourceEachTimeWhereNoPinIsKept) {
  EXPECT_TRUE(alone([&] {
    const auto found = strict(without_cache(from(softhsm_->pin_source())));
    ASSERT_TRUE(found) << why(found);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(signs(*found));
    EXPECT_EQ(count("C_Login"), 4U);
  }));
}

TEST_F(AlwaysAuthenticate, SaysWhatIsMissingWhereNoPinIsKept) {
  const auto file = softhsm_->folder() / "pin";
  write_text(file, softhsm_->pin());
  EXPECT_TRUE(alone([&] {
    const auto found = strict(without_cache(from("file:" + file.string())));
    ASSERT_TRUE(found) << why(found);
    std::filesystem::remove(file);
    const auto made = found->sign(scheme, message);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::pin_required);
    EXPECT_THAT(made.error().message, HasSubstr("PIN for this use"));
    EXPECT_THAT(made.error().hint, HasSubstr("pin_cache"));
    EXPECT_EQ(count("C_Login"), 1U);
  }));
}

TEST_F(AlwaysAuthenticate, IsNoticedOnATokenThatDoesNotSay) {
  token_->set_faults("attribute 0x202 missing\n");
  EXPECT_TRUE(alone([&] {
    const auto found = strict(with_pin(softhsm_->pin()));
    ASSERT_TRUE(found) << why(found);
    EXPECT_TRUE(signs(*found));
    token_->counts().reset();
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(signs(*found));
    EXPECT_EQ(token_->counts().total(), 15U) << ::testing::PrintToString(token_->counts().called());
  }));
}

TEST_F(AlwaysAuthenticate, IsNotTakenForALostLogin) {
  EXPECT_TRUE(alone([&] {
    const auto found = key(with_pin(softhsm_->pin()));
    ASSERT_TRUE(found) << why(found);
    EXPECT_TRUE(signs(*found));
    // The token denies one use of a key that wants no login of its own.
    token_->set_faults(fmt::format("C_Sign code=0x101 on={}", count("C_Sign") + 1));
    EXPECT_TRUE(signs(*found));
    token_->counts().reset();
    EXPECT_TRUE(signs(*found));
    EXPECT_EQ(token_->counts().total(), 2U) << ::testing::PrintToString(token_->counts().called());
  }));
}

TEST_F(AlwaysAuthenticate, HealsWhenTheTokenGoesAwayInTheMiddle) {
  EXPECT_TRUE(alone([&] {
    const auto found = strict(with_pin(softhsm_->pin()));
    ASSERT_TRUE(found) << why(found);
    EXPECT_TRUE(signs(*found));
    for (const auto* code : {"0x32", "0xB3", "0x101"}) {
      token_->set_faults(fmt::format("C_Login code={} on={}", code, count("C_Login") + 1));
      EXPECT_TRUE(signs(*found)) << code;
    }
    lose_the_login();
    EXPECT_TRUE(signs(*found));
  }));
}

TEST_F(AlwaysAuthenticate, LeavesThePersonAtTheKeypadTime) {
  token_->set_faults("keypad " + softhsm_->pin());
  EXPECT_TRUE(alone([&] {
    const auto found = strict({});
    const auto plain = key({});
    ASSERT_TRUE(found) << why(found);
    ASSERT_TRUE(plain) << why(plain);
    EXPECT_TRUE(signs(*plain));
    std::string warnings;
    set_log_sink([&](LogLevel level, std::string_view line) {
      if (level == LogLevel::warning) warnings += line;
    });
    token_->set_faults(fmt::format("keypad {}\nC_Login delay=4000", softhsm_->pin()));
    std::atomic<bool> typed = false;
    std::jthread person([&] {
      EXPECT_TRUE(signs(*found));
      typed = true;
    });
    while (!typed) EXPECT_TRUE(signs(*plain));
    EXPECT_EQ(warnings, "");
    set_log_sink({});
  }));
}

TEST_F(AlwaysAuthenticate, AsksAtTheKeypadEachTime) {
  token_->set_faults("keypad " + softhsm_->pin());
  EXPECT_TRUE(alone([&] {
    const auto found = strict({});
    ASSERT_TRUE(found) << why(found);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(signs(*found));
    EXPECT_EQ(count("C_Login"), 3U);
  }));
}

}  // namespace
}  // namespace keystore
