// No try is wasted: refused PINs, the last try, locked tokens, and tokens that the PIN is not for.
#include <thread>

#include "keystore/log.h"
#include "keystore/reference.h"
#include "keystore/registry.h"
#include "tests/backends/pkcs11/login_fixture.h"

namespace keystore {
namespace {

using testing::alone;
using ::testing::HasSubstr;
using testing::why;
using testing::with_pin;
using testing::write_text;

// CKF_USER_PIN_…, as `token-flags` takes them.
constexpr auto count_low = "token-flags set=0x10000\n";
constexpr auto final_try = "token-flags set=0x20000\n";
constexpr auto locked = "token-flags set=0x40000\n";

class PinGuard : public testing::TokenLogin {
 protected:
  std::filesystem::path write_pin(std::string_view pin) {
    const auto file = softhsm_->folder() / "pin";
    write_text(file, std::string(pin) + "\n");
    return file;
  }
  std::string pin_source(std::string_view pin) { return "file:" + write_pin(pin).string(); }
};

TEST_F(PinGuard, LeavesALockedTokenAlone) {
  token_->set_faults(locked);
  EXPECT_TRUE(alone([&] {
    int asked = 0;
    for (const auto& options : {from(softhsm_->pin_source()), with_pin(softhsm_->pin(), &asked)}) {
      const auto found = key(options);
      ASSERT_FALSE(found);
      EXPECT_EQ(found.error().code, Errc::pin_locked) << why(found);
      EXPECT_THAT(found.error().hint, HasSubstr("unblock"));
    }
    EXPECT_EQ(asked, 0);
  }));
  EXPECT_EQ(logins(), 0U);
}

TEST_F(PinGuard, KeepsTheLastTryForAPerson) {
  token_->set_faults(final_try);
  EXPECT_TRUE(alone([&] {
    const auto found = key(from(softhsm_->pin_source()));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::pin_locked);
    EXPECT_THAT(found.error().message, HasSubstr("last try"));
    EXPECT_THAT(found.error().hint, HasSubstr("--pin prompt"));
    EXPECT_EQ(logins(), 0U);
    OpenOptions typed;
    typed.pin = [&](const PinRequest& request) -> Result<Secret> {
      EXPECT_TRUE(request.final_try);
      return Secret::copy_of(softhsm_->pin());
    };
    const auto opened = key(typed);
    EXPECT_TRUE(opened) << why(opened);
  }));
  EXPECT_EQ(logins(), 1U);
}

TEST_F(PinGuard, SaysThatAWrongPinWasTriedBefore) {
  token_->set_faults(count_low);
  EXPECT_TRUE(alone([&] {
    std::string logged;
    set_log_sink([&](LogLevel level, std::string_view line) {
      if (level == LogLevel::warning) logged += line;
    });
    EXPECT_TRUE(key(from(softhsm_->pin_source())));
    EXPECT_THAT(logged, HasSubstr("'test'"));
    EXPECT_THAT(logged, HasSubstr("wrong PIN"));
    set_log_sink({});
  }));
}

TEST_F(PinGuard, NeverLocksATokenByItself) {
  token_->set_faults("pin-tries 3");
  EXPECT_TRUE(alone([&] {
    for (const auto* wrong : {"wrong-1", "wrong-2", "wrong-3", "wrong-4"}) {
      EXPECT_FALSE(key(from(pin_source(wrong))));
    }
    EXPECT_EQ(logins(), 2U);
    EXPECT_EQ(key(from(softhsm_->pin_source())).error().code, Errc::pin_locked);
    const auto typed = key(with_pin(softhsm_->pin()));
    EXPECT_TRUE(typed) << why(typed);
  }));
  EXPECT_EQ(logins(), 3U);
}

// The PIN in hand takes one try, so that the flags of before mean nothing for the next PIN.
TEST_F(PinGuard, CountsThePinInHandBeforeItReadsTheSourceAgain) {
  EXPECT_TRUE(alone([&] {
    const auto found = key(from(pin_source(softhsm_->pin())));
    ASSERT_TRUE(found) << why(found);
    EXPECT_TRUE(signs(*found));
    change_pin("4711-changed");
    write_pin("still-wrong");
    token_->counts().reset();
    lose_the_login("pin-tries 2");
    const auto failed = found->sign(scheme, message);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::pin_locked) << why(failed);
    EXPECT_EQ(logins(), 1U);
  }));
}

TEST_F(PinGuard, RefusesAWrongPinAlsoWhereTheProcessIsLoggedIn) {
  EXPECT_TRUE(alone([&] {
    const auto good = key(from("pass:" + softhsm_->pin()));
    ASSERT_TRUE(good) << why(good);
    const auto wrong = key(from("pass:guess"));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, Errc::pin_incorrect);
    EXPECT_THAT(wrong.error().message, HasSubstr("logged in with another PIN"));
    EXPECT_TRUE(key(from("pass:" + softhsm_->pin())));
    EXPECT_TRUE(good->sign(SignatureScheme::ecdsa_secp256r1_sha256, as_bytes("message")));
  }));
  EXPECT_EQ(logins(), 1U);
}

// The login lasts, with no handle left that holds the PIN; also where none is kept at all.
TEST_F(PinGuard, KnowsAWrongPinAfterAllHandlesAreGone) {
  for (const auto cache : {PinCache::memory, PinCache::none}) {
    EXPECT_TRUE(alone([&] {
      const auto options = [&](const std::string& source) {
        auto made = from(source);
        Config config = **process_config();
        config.policy.pin_cache = cache;
        made.config = std::make_shared<const Config>(config);
        return made;
      };
      token_->counts().reset();
      ASSERT_TRUE(key(options("pass:" + softhsm_->pin())));
      const auto uri = softhsm_->uri("key");
      const auto opened = [&](const std::string& query, const OpenOptions& how = {}) -> Result<Key> {
        auto store = keystore::open(uri + query, how);
        if (!store) return Failure(store.error());
        return store->key();
      };
      for (const auto& wrong :
           {opened("", options("pass:guess")), opened("?pin-value=guess", options("pass:unused")),
            opened("?pin-source=pass:guess"), opened("", options("pass:"))}) {
        ASSERT_FALSE(wrong);
        EXPECT_EQ(wrong.error().code, Errc::pin_incorrect) << why(wrong);
        EXPECT_THAT(wrong.error().message, HasSubstr("logged in with another PIN"));
      }
      EXPECT_TRUE(opened("", options("pass:" + softhsm_->pin())));
      EXPECT_TRUE(opened("?pin-value=" + softhsm_->pin()));
      EXPECT_EQ(logins(), 1U);
    }));
  }
}

TEST_F(PinGuard, RemembersARefusedPinWhereTheProcessIsLoggedInMeanwhile) {
  EXPECT_TRUE(alone([&] {
    for (int i = 0; i < 2; ++i) {
      const auto wrong = key(from("pass:guess"));
      ASSERT_FALSE(wrong);
      EXPECT_EQ(wrong.error().code, Errc::pin_incorrect);
      EXPECT_TRUE(key(from("pass:" + softhsm_->pin())));
    }
  }));
  EXPECT_EQ(logins(), 2U);
}

TEST_F(PinGuard, ReadsACorrectedSourceWithoutARestart) {
  EXPECT_TRUE(alone([&] {
    const auto options = from(pin_source("wrong-pin"));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(key(options).error().code, Errc::pin_incorrect);
    EXPECT_EQ(logins(), 1U);
    write_pin(softhsm_->pin());
    const auto found = key(options);
    EXPECT_TRUE(found) << why(found);
  }));
  EXPECT_EQ(logins(), 2U);
}

TEST_F(PinGuard, ReadsTheCorrectedSourceOfAReferenceWithoutARestart) {
  EXPECT_TRUE(alone([&] {
    const auto listed = keystore::open(softhsm_->uri("key"))->find_entries();
    ASSERT_TRUE(listed) << why(listed);
    const auto& public_key = listed->items.front().public_key;
    token_->counts().reset();
    const auto uri = softhsm_->uri("key") + "?pin-source=" + pin_source("wrong-pin");
    const auto found = open_reference({.uri = Uri::parse(uri).value(), .public_key = public_key},
                                      builtin_registry(), {}, PinTime::at_load);
    ASSERT_TRUE(found) << why(found);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(found->sign(scheme, message).error().code, Errc::pin_incorrect);
    }
    EXPECT_EQ(logins(), 1U);
    write_pin(softhsm_->pin());
    EXPECT_TRUE(signs(*found));
    EXPECT_EQ(logins(), 2U);
    // And after a change of the PIN, in the process and in its children.
    change_pin("4711-changed");
    write_pin("4711-changed");
    lose_the_login();
    EXPECT_TRUE(signs(*found));
    EXPECT_EQ(logins(), 4U);
    EXPECT_TRUE(alone([&] { EXPECT_TRUE(signs(*found)); }));
  }));
}

TEST_F(PinGuard, TriesAWrongPinOnceInThreadsChildrenAndLaterStores) {
  const auto options = from(pin_source("wrong-pin"));
  const auto all_fail = [&] {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const auto found = key(options);
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().code, Errc::pin_incorrect) << why(found);
      });
    }
  };
  EXPECT_TRUE(alone([&] {
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        all_fail();
        std::exit(::testing::Test::HasFailure() ? 1 : 0);
      }
      children.push_back(child);
    }
    all_fail();
    for (const auto child : children) {
      int status = -1;
      ::waitpid(child, &status, 0);
      EXPECT_EQ(status, 0);
    }
    all_fail();
    EXPECT_EQ(key(with_pin("wrong-pin")).error().code, Errc::pin_incorrect);
  }));
  EXPECT_EQ(logins(), 1U);
}

class PinOfOneToken : public PinGuard {
 protected:
  /// Another token with a key of that name.
  void add_token(std::string_view label) {
    const auto& added = softhsm_->add_token(label, "other-user-pin");
    if (label == softhsm_->label()) return;
    ASSERT_TRUE(alone([&] {
      auto store = keystore::open(added.uri(), with_pin(added.pin));
      ASSERT_TRUE(store) << why(store);
      const auto made =
          store->generator()->generate_key(KeySpec::parse("ec:p256").value(), {.label = "key"});
      EXPECT_TRUE(made) << why(made);
    }));
    token_->counts().reset();
  }
};

TEST_F(PinOfOneToken, IsShownToNoneOfSeveralThatTheUriFits) {
  add_token("second");
  EXPECT_TRUE(alone([&] {
    auto store = keystore::open("pkcs11:object=key", from(softhsm_->pin_source()));
    ASSERT_TRUE(store) << why(store);
    const auto found = store->key();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::ambiguous);
    EXPECT_THAT(found.error().message, HasSubstr("several tokens"));
    const auto listed = store->find_entries();
    ASSERT_TRUE(listed) << why(listed);
    EXPECT_EQ(listed->items.size(), 2U) << "public halves";
    EXPECT_FALSE(listed->skipped.empty());
  }));
  EXPECT_EQ(logins(), 0U);
}

TEST_F(PinOfOneToken, IsAskedByTheNameOfEach) {
  add_token("second");
  EXPECT_TRUE(alone([&] {
    OpenOptions options;
    options.pin = [&](const PinRequest& request) -> Result<Secret> {
      EXPECT_EQ(request.serial, "");
      return Secret::copy_of(request.object == "second" ? "other-user-pin" : softhsm_->pin());
    };
    auto store = keystore::open("pkcs11:object=key", options);
    ASSERT_TRUE(store) << why(store);
    EXPECT_EQ(store->find_keys()->items.size(), 2U);
  }));
  EXPECT_EQ(logins(), 2U);
}

TEST_F(PinOfOneToken, NamesTheSerialWhereLabelsAreTheSame) {
  add_token(softhsm_->label());
  EXPECT_TRUE(alone([&] {
    EXPECT_EQ(key(from(softhsm_->pin_source())).error().code, Errc::ambiguous);
    EXPECT_EQ(logins(), 0U);
    std::vector<std::string> serials;
    OpenOptions options;
    options.pin = [&](const PinRequest& request) -> Result<Secret> {
      serials.push_back(request.serial);
      EXPECT_THAT(request.prompt(), HasSubstr(request.serial));
      return fail(Errc::cancelled, "just looking");
    };
    EXPECT_FALSE(key(options));
    ASSERT_EQ(serials.size(), 2U);
    EXPECT_NE(serials[0], "");
    EXPECT_NE(serials[0], serials[1]);
  }));
  EXPECT_EQ(logins(), 0U);
}

TEST_F(PinOfOneToken, IsNotShownToAnotherTokenInItsPlace) {
  EXPECT_TRUE(alone([&] {
    const auto found = key(from(softhsm_->pin_source()));
    ASSERT_TRUE(found) << why(found);
    EXPECT_TRUE(signs(*found));
    const auto first = token_->counts().of("C_SignInit") + 1;
    // Pulled out, and another of the same label put in.
    token_->set_faults(fmt::format("C_SignInit code=0x32 on={}\ntoken-text serial=3939\n", first));
    const auto failed = found->sign(scheme, message);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::not_found) << why(failed);
    EXPECT_THAT(failed.error().hint, HasSubstr("serial 99"));
  }));
  EXPECT_EQ(logins(), 1U);
}

}  // namespace
}  // namespace keystore
