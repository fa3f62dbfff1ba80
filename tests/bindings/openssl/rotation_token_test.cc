// Live rotation onto keys of a token.
#include <gmock/gmock.h>

#include <thread>

#include "keystore/internal/public_key_parsed.h"
#include "keystore/reference.h"
#include "keystore/store.h"
#include "tests/bindings/openssl/rotation_fixture.h"
#include "tests/support/process.h"
#include "tests/tokens/test_token.h"

namespace keystore {
namespace {

using testing::Context;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::started;

class RotationToken : public testing::RotationFixture {
 protected:
  // Modules read their surroundings once in a process.
  static void SetUpTestSuite() {
    if (!SoftHsm::available()) return;
    softhsm_ = new SoftHsm;
    token_ = new testing::TestToken(*softhsm_);
  }
  static void TearDownTestSuite() {
    delete token_;
    delete softhsm_;
  }
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    token_->set_faults("");
    install(make("file"));
  }

  Key key_on_token(const char* label) const {
    const auto source = SecretSource::parse(softhsm_->pin_source()).value();
    const auto store = open(softhsm_->uri(), {.pin_source = source}).value();
    return store.generator()
        ->generate_key(KeySpec::parse("ec:p256").value(), {.label = label})
        .value();
  }
  /// web.key is a reference to `label` on the token and says `public_key`, and web.crt is for that.
  void install_reference(const char* label, const Key& key, const PublicKey& public_key) const {
    const auto uri = Uri::parse(softhsm_->uri(label))
                         .value()
                         .with_query_attribute("pin-source", softhsm_->pin_source());
    auto reference = Reference::to_key(uri, key);
    reference.public_key = public_key;
    testing::write_text(folder_ / "ref", reference.to_pem().value());
    testing::write_text(folder_ / "ref.crt",
                        authority_.certify(pkey_of(public_key), {.subject = label}));
    replace(folder_ / "web.crt", folder_ / "ref.crt");
    replace(folder_ / "web.key", folder_ / "ref");
  }
  void install_reference(const char* label, const Key& key) const {
    install_reference(label, key, *key.public_key());
  }
  /// What the keystore command does in a process of its own.
  static void command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     std::string(std::getenv("KEYSTORE_BUILD")) + "/bin/keystore");
    arguments.insert(arguments.end(), {"--pin", softhsm_->pin_source()});
    const auto done = testing::run(arguments);
    if (!done.ok()) throw std::runtime_error(done.text());
  }
  static openssl::IdentitySource on_token(const std::string& label) {
    return {.key = softhsm_->uri(label) + "?pin-source=" + softhsm_->pin_source()};
  }
  static void remove(const std::string& label, const std::string& type) {
    command({"rm", softhsm_->uri(label) + ";type=" + type, "--yes"});
  }
  /// Made by another process.
  static Key new_key(const std::string& label) {
    command({"new", softhsm_->uri(), "--type", "ec:p256", "--label", label});
    const auto source = SecretSource::parse(softhsm_->pin_source()).value();
    return open(softhsm_->uri(label), {.pin_source = source}).value().key().value();
  }
  void add_certificate(const std::string& label, const Key& key, const std::string& subject) const {
    testing::write_text(folder_ / "new.crt",
                        authority_.certify(pkey_of(*key.public_key()), {.subject = subject}));
    command({"import", folder_ / "new.crt", softhsm_->uri(), "--label", label});
  }
  Error error_that_stays() {
    for (;;) {
      auto error = reports_.next_error();
      if (error.message.find("is not for key 'file:") == std::string::npos) return error;
    }
  }

  static inline SoftHsm* softhsm_ = nullptr;
  static inline testing::TestToken* token_ = nullptr;
};

TEST_F(RotationToken, AFileKeyGivesWayToATokens) {
  const Context context(serving());
  const auto rotator = started(context, reports_.options());
  EXPECT_EQ(shown(context), "file");
  const auto key = key_on_token("moved");
  install_reference("moved", key);
  EXPECT_EQ(reports_.next_leaf(), "CN=moved");
  EXPECT_EQ(shown(context), "moved");
}

TEST_F(RotationToken, AKeyOnATokenThatIsAwayIsTriedUntilItIsThere) {
  const Context context(serving());
  auto options = reports_.options();
  options.poll = std::chrono::milliseconds(100);
  const auto rotator = started(context, options);
  const auto key = key_on_token("away");
  token_->set_faults("vanish");
  install_reference("away", key);
  const auto error = error_that_stays();
  EXPECT_THAT(error.message, HasSubstr("no token"));
  EXPECT_EQ(shown(context), "file");
  token_->set_faults("");
  EXPECT_EQ(reports_.next_leaf(), "CN=away");
  EXPECT_EQ(shown(context), "away");
}

TEST_F(RotationToken, AKeyThatIsAnotherOnTheTokenIsNotTaken) {
  const Context context(serving());
  const auto rotator = started(context, reports_.options());
  const auto key = key_on_token("swapped"), other = key_on_token("other");
  install_reference("swapped", key, *other.public_key());
  const auto error = error_that_stays();
  EXPECT_EQ(error.code, Errc::key_mismatch) << error.message;
  EXPECT_THAT(error.message, HasSubstr("object=swapped"));
  EXPECT_EQ(shown(context), "file");
}

// No file tells of what another process does on the token: the program says so.
TEST_F(RotationToken, AKeyAndCertificateReplacedUnderTheirLabelAreShownAfterACheck) {
  add_certificate("web", new_key("web"), "first");
  const Context context({.identities = {on_token("web")}});
  auto rotator = started(context, reports_.options());
  EXPECT_EQ(shown(context), "first");
  for (const std::string subject : {"second", "third"}) {
    remove("web", "cert");
    remove("web", "private");
    add_certificate("web", new_key("web"), subject);
    rotator.check();
    EXPECT_EQ(reports_.next_leaf(), "CN=" + subject);
    EXPECT_EQ(shown(context), subject);
  }
}

TEST_F(RotationToken, AKeyReplacedWithoutItsCertificateIsToldAndNotTaken) {
  install_reference("alone", key_on_token("alone"));
  const Context context(
      {.identities = {{.key = on_token("alone").key, .certificates = folder_ / "web.crt"}}});
  auto rotator = started(context, reports_.options());
  EXPECT_EQ(shown(context), "alone");
  remove("alone", "private");
  const auto key = new_key("alone");
  rotator.check();
  const auto error = reports_.next_error();
  EXPECT_EQ(error.code, Errc::key_mismatch) << error.message;
  EXPECT_THAT(error.message, HasSubstr("object=alone"));
  install_reference("alone", key);
  EXPECT_EQ(reports_.next_leaf(), "CN=alone");
  EXPECT_EQ(shown(context), "alone");
}

TEST_F(RotationToken, AServerStartsWhileItsTokenIsAway) {
  const auto key = key_on_token("late");
  install_reference("late", key);
  token_->set_faults("vanish");
  const Context context(serving());
  ASSERT_TRUE(context.configured) << context.configured.error().message;
  EXPECT_NE(shown(context), "late");
  token_->set_faults("");
  for (int i = 0; i < 100 && shown(context) != "late"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(shown(context), "late");
}

}  // namespace
}  // namespace keystore
