// PINs: read once, tried once, remembered when refused.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/backends/pkcs11/login_fixture.h"

namespace keystore {
namespace {

using testing::alone;
using ::testing::HasSubstr;
using testing::TokenLogin;
using testing::why;
using testing::with_pin;

TEST_F(TokenLogin, ReadsThePinOnceForAllKeysOfTheToken) {
  ASSERT_TRUE(alone([&] {
    const auto made = open_store()->generator()->generate_key(KeySpec::parse("ec:p256").value(),
                                                              {.label = "other"});
    EXPECT_TRUE(made) << why(made);
  }));
  token_->counts().reset();
  EXPECT_TRUE(alone([&] {
    int asked = 0;
    for (const auto* label : {"key", "other"}) {
      const auto found = key(with_pin(softhsm_->pin(), &asked), label);
      ASSERT_TRUE(found) << why(found);
      EXPECT_TRUE(found->sign(SignatureScheme::ecdsa_secp256r1_sha256, message));
    }
    EXPECT_EQ(asked, 1);
  }));
  EXPECT_EQ(logins(), 1U);
}

TEST_F(TokenLogin, TakesThePinOfTheUri) {
  EXPECT_TRUE(alone([&] {
    auto store = keystore::open(softhsm_->uri("key") + "?pin-source=" + softhsm_->pin_source());
    ASSERT_TRUE(store) << why(store);
    const auto found = store->key();
    ASSERT_TRUE(found) << why(found);
    EXPECT_EQ(found->uri().canonical().find("pin"), std::string::npos);
  }));
}

TEST_F(TokenLogin, NamesTheMissingPinAndTriesNothing) {
  EXPECT_TRUE(alone([&] {
    const auto found = key({});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::pin_required);
    EXPECT_THAT(found.error().message, HasSubstr("test"));
  }));
  EXPECT_EQ(logins(), 0U);
}

TEST_F(TokenLogin, TriesAWrongPinOnceAndRemembersItInTheProcess) {
  EXPECT_TRUE(alone([&] {
    for (int i = 0; i < 3; ++i) {
      const auto found = key(with_pin("wrong-pin"));
      ASSERT_FALSE(found);
      EXPECT_EQ(found.error().code, Errc::pin_incorrect) << why(found);
    }
    EXPECT_EQ(logins(), 1U);
    const auto found = key(with_pin(softhsm_->pin()));
    EXPECT_TRUE(found) << why(found);
  }));
  EXPECT_EQ(logins(), 2U);
}

TEST_F(TokenLogin, TriesAWrongPinOnceForAllThreads) {
  EXPECT_TRUE(alone([&] {
    std::atomic<int> incorrect = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
          const auto found = key(with_pin("wrong-pin"));
          if (!found && found.error().code == Errc::pin_incorrect) ++incorrect;
        });
      }
    }
    EXPECT_EQ(incorrect, 8);
  }));
  EXPECT_EQ(logins(), 1U);
}

TEST_F(TokenLogin, TriesAWrongPinOnceInTheWholeProcessTree) {
  EXPECT_TRUE(alone([&] {
    std::vector<pid_t> children;
    for (int i = 0; i < 8; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        const auto found = key(with_pin("wrong-pin"));
        std::exit(!found && found.error().code == Errc::pin_incorrect ? 0 : 1);
      }
      children.push_back(child);
    }
    for (const auto child : children) {
      int status = -1;
      ::waitpid(child, &status, 0);
      EXPECT_EQ(status, 0);
    }
  }));
  EXPECT_EQ(logins(), 1U);
}

TEST_F(TokenLogin, LetsAPinCallbackFailInItsOwnWords) {
  EXPECT_TRUE(alone([&] {
    OpenOptions options;
    options.pin = [](const PinRequest& request) -> Result<Secret> {
      EXPECT_EQ(request.what, PinRequest::What::token_pin);
      EXPECT_EQ(request.object, "test");
      return fail(Errc::cancelled, "nobody there");
    };
    const auto found = key(options);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::cancelled);
  }));
  EXPECT_EQ(logins(), 0U);
}

TEST_F(TokenLogin, RefusesACallbackThatUsesTheTokenItIsAskedFor) {
  EXPECT_TRUE(alone([&] {
    OpenOptions options;
    options.pin = [&](const PinRequest&) -> Result<Secret> {
      const auto nested = key(with_pin(softhsm_->pin()));
      EXPECT_FALSE(nested);
      EXPECT_EQ(nested.error().code, Errc::unavailable);
      return Secret::copy_of(softhsm_->pin());
    };
    EXPECT_TRUE(key(options));
  }));
}

TEST_F(TokenLogin, ListsPublicObjectsWithoutAPin) {
  EXPECT_TRUE(alone([&] {
    auto store = keystore::open(softhsm_->uri());
    ASSERT_TRUE(store) << why(store);
    const auto entries = store->find_entries();
    ASSERT_TRUE(entries) << why(entries);
    EXPECT_EQ(entries->items.size(), 1U);
    for (const auto& entry : entries->items) EXPECT_EQ(entry.kind, EntryKind::public_key);
  }));
  EXPECT_EQ(logins(), 0U);
}

TEST_F(TokenLogin, LoadAndOneSignatureAreFewCalls) {
  EXPECT_TRUE(alone([&] {
    const auto found = key(with_pin(softhsm_->pin()));
    ASSERT_TRUE(found) << why(found);
    EXPECT_TRUE(found->sign(SignatureScheme::ecdsa_secp256r1_sha256, message));
    EXPECT_LE(token_->counts().total(), 24U) << ::testing::PrintToString(token_->counts().called());
    token_->counts().reset();
    EXPECT_TRUE(found->sign(SignatureScheme::ecdsa_secp256r1_sha256, message));
    EXPECT_EQ(token_->counts().total(), 2U) << ::testing::PrintToString(token_->counts().called());
  }));
}

TEST_F(TokenLogin, SignaturesOfManyThreadsAreTwoCallsEach) {
  EXPECT_TRUE(alone([&] {
    const auto found = key(with_pin(softhsm_->pin()));
    ASSERT_TRUE(found) << why(found);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 50; ++n) {
          EXPECT_TRUE(found->sign(SignatureScheme::ecdsa_secp256r1_sha256, message));
        }
      });
    }
    threads.clear();
    EXPECT_EQ(token_->counts().of("C_SignInit"), 400U);
    EXPECT_EQ(token_->counts().of("C_Sign"), 400U);
    EXPECT_EQ(token_->counts().of("C_Login"), 1U);
    EXPECT_EQ(token_->counts().of("C_FindObjectsInit"), 1U);
    EXPECT_LE(token_->counts().of("C_OpenSession"), 8U);
  }));
}

}  // namespace
}  // namespace keystore
