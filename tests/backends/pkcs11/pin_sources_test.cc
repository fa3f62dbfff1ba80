// Every source of a PIN opens a token, opens it again when the login is lost, and in children.
#include <fcntl.h>
#include <fmt/format.h>

#include <functional>

#include "tests/backends/pkcs11/login_fixture.h"
#include "tests/support/typist.h"

namespace keystore {
namespace {

using testing::alone;
using testing::EnvironmentGuard;
using testing::SoftHsm;
using testing::TokenLogin;
using testing::Typist;
using testing::why;

/// How a key is opened: its URI, and the caller's options.
struct Opening {
  std::string uri;
  OpenOptions options = {};
};

OpenOptions from(std::string_view source) {
  return {.pin_source = SecretSource::parse(source).value()};
}

struct Source {
  const char* name;
  Opening (*opening)(SoftHsm&);
};

const Source sources[] = {
    {"File",
     [](SoftHsm& hsm) -> Opening {
       return {hsm.uri("key"), from(hsm.pin_source())};
     }},
    {"Credential",
     [](SoftHsm& hsm) -> Opening {
       return {hsm.uri("key"), from("cred:web-pin")};
     }},
    {"Program",
     [](SoftHsm& hsm) -> Opening {
       return {hsm.uri("key"), from("cmd:cat " + hsm.token().pin_file.string())};
     }},
    {"Variable",
     [](SoftHsm& hsm) -> Opening {
       return {hsm.uri("key"), from("env:TEST_PIN")};
     }},
    {"Text",
     [](SoftHsm& hsm) -> Opening {
       return {hsm.uri("key"), from("pass:" + hsm.pin())};
     }},
    {"Descriptor",
     [](SoftHsm& hsm) -> Opening {
       const int fd = ::open(hsm.token().pin_file.c_str(), O_RDONLY);
       return {hsm.uri("key"), from(fmt::format("fd:{}", fd))};
     }},
    {"PinValue",
     [](SoftHsm& hsm) -> Opening { return {hsm.uri("key") + "?pin-value=" + hsm.pin()}; }},
    {"PinSource",
     [](SoftHsm& hsm) -> Opening { return {hsm.uri("key") + "?pin-source=" + hsm.pin_source()}; }},
    {"BarePathInPinSource",
     [](SoftHsm& hsm) -> Opening {
       return {hsm.uri("key") + "?pin-source=" + hsm.token().pin_file.string()};
     }},
    {"Identity", [](SoftHsm&) -> Opening { return {"keystore:web"}; }},
    {"Callback",
     [](SoftHsm& hsm) -> Opening {
       return {hsm.uri("key"), testing::with_pin(hsm.pin())};
     }},
};

class PinSource : public TokenLogin, public ::testing::WithParamInterface<Source> {
 protected:
  void SetUp() override {
    TokenLogin::SetUp();
    if (IsSkipped()) return;
    testing::write_text(softhsm_->folder() / "web-pin", softhsm_->pin() + "\n");
    const auto file = softhsm_->keystore_configuration();
    testing::write_text(file, testing::read_text(file) +
                                  fmt::format("[identities.web]\nkey = \"{}\"\npin = \"{}\"\n",
                                              softhsm_->uri("key"), softhsm_->pin_source()));
    credentials_.emplace("CREDENTIALS_DIRECTORY", softhsm_->folder().string());
    variable_.emplace("TEST_PIN", softhsm_->pin());
  }
  Result<Key> open_key() {
    const auto opening = GetParam().opening(*softhsm_);
    auto store = keystore::open(opening.uri, opening.options);
    if (!store) return Failure(store.error());
    return store->key();
  }

 private:
  std::optional<EnvironmentGuard> credentials_;
  std::optional<EnvironmentGuard> variable_;
};

TEST_P(PinSource, OpensTheTokenAgainWhenTheLoginIsLost) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(signs(*key));
    EXPECT_EQ(logins(), 1U);
    lose_the_login();
    EXPECT_TRUE(signs(*key));
    EXPECT_EQ(logins(), 2U);
  }));
}

TEST_P(PinSource, OpensTheTokenInChildrenAndTheirChildren) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(signs(*key));
    EXPECT_TRUE(alone([&] {
      EXPECT_TRUE(signs(*key));
      EXPECT_TRUE(alone([&] { EXPECT_TRUE(signs(*key)); }));
    }));
    EXPECT_TRUE(signs(*key));
  }));
}

INSTANTIATE_TEST_SUITE_P(Sources, PinSource, ::testing::ValuesIn(sources),
                         [](const auto& source) { return std::string(source.param.name); });

class PromptedPin : public TokenLogin {
 protected:
  OpenOptions prompt() { return from("prompt"); }
};

TEST_F(PromptedPin, IsTypedOnceForLoginHealingAndChildren) {
  Typist person([&]() -> std::string {
    const auto found = key(prompt());
    if (!found) return why(found);
    bool fine = signs(*found);
    lose_the_login();
    fine = signs(*found) && fine;
    fine = alone([&] { EXPECT_TRUE(signs(*found)); }) && fine;
    return fine ? "signed" : "failed";
  });
  person.wait_for("PIN for token 'test': ");
  person.type(softhsm_->pin() + "\n");
  EXPECT_EQ(person.answer(), "signed");
  EXPECT_EQ(person.shown().rfind("PIN for"), person.shown().find("PIN for")) << person.shown();
}

TEST_F(PromptedPin, IsNotAskedAgainWhenTheTokenFailsForAMoment) {
  // As SoftHSM does while another process writes to the token.
  token_->set_faults("C_Login code=0x5 on=1");
  EXPECT_TRUE(alone([&] {
    int asked = 0;
    const auto found = key(testing::with_pin(softhsm_->pin(), &asked));
    ASSERT_TRUE(found) << why(found);
    EXPECT_EQ(asked, 1);
  }));
  EXPECT_EQ(logins(), 2U);
}

TEST_F(PromptedPin, IsMissedWithoutATerminal) {
  EXPECT_TRUE(alone([&] {
    ::setsid();
    const auto found = key(prompt());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::pin_required) << why(found);
  }));
  EXPECT_EQ(logins(), 0U);
}

}  // namespace
}  // namespace keystore
