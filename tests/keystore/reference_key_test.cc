// Keys behind references, over a small backend that counts how often it is opened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <thread>

#include "keystore/log.h"
#include "keystore/reference.h"
#include "tests/keystore/faceless_key.h"
#include "tests/keystore/software_keys.h"
#include "tests/keystore/test_store.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using testing::faceless;
using ::testing::HasSubstr;
using testing::new_key;
using testing::test_registry;
using testing::TestStores;
using testing::Workspace;

constexpr auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
constexpr std::string_view key_uri = "pkcs11:token=prod;object=web";
constexpr std::string_view message = "hello";

class ReferenceKey : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::current_stores() = &stores_;
    stores_.keys[std::string(key_uri)] = {key_};
    set_log_sink([this](LogLevel level, std::string_view line) {
      if (level == LogLevel::warning) warnings_.emplace_back(line);
    });
  }
  void TearDown() override {
    set_log_sink({});
    testing::current_stores() = nullptr;
  }

  Result<Key> open(std::string_view uri = key_uri, PinTime pin = PinTime::at_load,
                   OpenOptions options = {}) {
    if (options.config == nullptr) options.config = std::make_shared<const Config>();
    return open_reference({.uri = Uri::parse(uri).value(), .public_key = key_.public_key()},
                          test_registry(), options, pin);
  }

  static bool signs(const Key& key) {
    const auto made = key.sign(scheme, as_bytes(message));
    return made &&
           key.public_key()->verify(spec_of(scheme), as_bytes(message), *made).value_or(false);
  }

  Key key_ = new_key("ec:p256", key_uri);
  TestStores stores_;
  std::vector<std::string> warnings_;
  Workspace folder_;
};

TEST_F(ReferenceKey, LoadingOpensNothing) {
  const auto key = open();
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(stores_.opened, 0);
  EXPECT_EQ(key->label(), "web");
  EXPECT_EQ(key->entry().custody, Custody::token);
  EXPECT_EQ(key->public_key(), key_.public_key());
  EXPECT_EQ(key->type(), KeyType::ec);
  EXPECT_EQ(key->schemes().size(), 1U);
}

TEST_F(ReferenceKey, OpensOnceForAllOperations) {
  const auto key = open();
  EXPECT_TRUE(signs(*key));
  EXPECT_TRUE(signs(*key));
  EXPECT_TRUE(key->derive(*new_key("ec:p256").public_key()));
  EXPECT_EQ(stores_.opened, 1);
}

TEST_F(ReferenceKey, KeepsTheSchemesOfTheReference) {
  const auto rsa = new_key("rsa:2048", key_uri);
  const Reference reference{.uri = Uri::parse(key_uri).value(),
                            .public_key = rsa.public_key(),
                            .schemes = {SignatureScheme::rsa_pkcs1_sha256}};
  const auto key = open_reference(reference, test_registry(),
                                  {.config = std::make_shared<const Config>()}, PinTime::at_load);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->schemes().size(), 1U);
  EXPECT_EQ(key->sign(SignatureScheme::rsa_pss_rsae_sha256, {}).error().code,
            Errc::invalid_argument);
}

TEST_F(ReferenceKey, KnowsWhichSchemesHashOnTheTokenBeforeItIsOpened) {
  using enum SignatureScheme;
  const auto rsa = new_key("rsa:2048", key_uri);
  const Reference reference{.uri = Uri::parse(key_uri).value(),
                            .public_key = rsa.public_key(),
                            .schemes = {rsa_pss_rsae_sha256, rsa_pkcs1_sha256},
                            .hashing = {rsa_pss_rsae_sha256}};
  const auto key = open_reference(reference, test_registry(),
                                  {.config = std::make_shared<const Config>()}, PinTime::at_load);
  ASSERT_TRUE(key);
  const auto can = [&](SignAlgorithm algorithm, SignInput input, Digest digest) {
    return key->can_sign({.algorithm = algorithm, .input = input, .digest = digest});
  };
  EXPECT_TRUE(can(SignAlgorithm::rsa_pss, SignInput::message, Digest::sha256));
  EXPECT_FALSE(can(SignAlgorithm::rsa_pss, SignInput::digest, Digest::sha256));
  EXPECT_FALSE(can(SignAlgorithm::rsa_pss, SignInput::message, Digest::sha384));
  EXPECT_TRUE(can(SignAlgorithm::rsa_pkcs1, SignInput::digest, Digest::sha384));
  EXPECT_FALSE(can(SignAlgorithm::rsa_raw, SignInput::raw, Digest::none));
  EXPECT_FALSE(can(SignAlgorithm::ecdsa, SignInput::message, Digest::sha256));
  EXPECT_EQ(stores_.opened, 0);
}

TEST_F(ReferenceKey, NoticesASwappedToken) {
  stores_.keys[std::string(key_uri)] = {new_key("ec:p256", key_uri)};
  const auto key = open();
  const auto made = key->sign(scheme, as_bytes(message));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::key_mismatch);
  EXPECT_THAT(made.error().message, HasSubstr("token was swapped"));
  // Put back, it works without a new load.
  stores_.keys[std::string(key_uri)] = {key_};
  EXPECT_TRUE(signs(*key));
}

TEST_F(ReferenceKey, ChecksTheFirstSignatureOfAFacelessKey) {
  stores_.keys[std::string(key_uri)] = {faceless(key_)};
  const auto right = open();
  EXPECT_TRUE(signs(*right));
  EXPECT_TRUE(signs(*right));
  stores_.keys[std::string(key_uri)] = {faceless(new_key("ec:p256", key_uri))};
  const auto swapped = open();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(swapped->sign(scheme, as_bytes(message)).error().code, Errc::key_mismatch);
  }
}

TEST_F(ReferenceKey, AFailedOpeningIsTriedAgain) {
  stores_.keys.clear();
  const auto key = open();
  EXPECT_EQ(key->sign(scheme, as_bytes(message)).error().code, Errc::not_found);
  stores_.keys[std::string(key_uri)] = {key_};
  EXPECT_TRUE(signs(*key));
}

TEST_F(ReferenceKey, TwoObjectsOfOneNameAreListed) {
  stores_.keys[std::string(key_uri)] = {key_, new_key("ec:p256", "pkcs11:token=prod;id=%02")};
  const auto made = open()->sign(scheme, as_bytes(message));
  EXPECT_EQ(made.error().code, Errc::ambiguous);
  EXPECT_THAT(made.error().message, HasSubstr("pkcs11:token=prod;id=%02"));
}

TEST_F(ReferenceKey, DoesNotFollowReferences) {
  const auto inner = open();
  stores_.keys[std::string(key_uri)] = {*inner};
  EXPECT_EQ(open()->sign(scheme, as_bytes(message)).error().code, Errc::malformed);
}

TEST_F(ReferenceKey, ReadsThePinSourceOnceAtLoad) {
  stores_.wants_pin = true;
  const auto pin = folder_.write("pin", "1234\n");
  const auto key = open(std::string(key_uri) + "?pin-source=file:" + pin.string());
  ASSERT_TRUE(key);
  std::filesystem::remove(pin);
  EXPECT_TRUE(signs(*key));
  EXPECT_EQ(stores_.last_pin, "1234");
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(ReferenceKey, ReadsThePinAtUseWhenTold) {
  stores_.wants_pin = true;
  const auto key = open(std::string(key_uri) + "?pin-source=file:" + (folder_ / "pin").string(),
                        PinTime::at_use);
  ASSERT_TRUE(key);
  EXPECT_TRUE(warnings_.empty());
  folder_.write("pin", "5678");
  EXPECT_TRUE(signs(*key));
  EXPECT_EQ(stores_.last_pin, "5678");
}

TEST_F(ReferenceKey, AnUnreadableSourceIsAWarning) {
  stores_.wants_pin = true;
  const auto key = open(std::string(key_uri) + "?pin-source=file:" + (folder_ / "pin").string());
  ASSERT_TRUE(key);
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_THAT(warnings_.front(), HasSubstr("cannot read the PIN"));
  EXPECT_FALSE(key->sign(scheme, as_bytes(message)));
  folder_.write("pin", "9999");
  EXPECT_TRUE(signs(*key));
}

TEST_F(ReferenceKey, ReadsThePinOfTheIdentityAtLoad) {
  stores_.wants_pin = true;
  stores_.keys["keystore:web"] = {key_};
  const auto pin = folder_.write("pin", "1234\n");
  Config config;
  config.identities.push_back({.name = "web",
                               .keys = {std::string(key_uri)},
                               .pin = SecretSource::parse("file:" + pin.string()).value()});
  const auto key =
      open("keystore:web", PinTime::at_load, {.config = std::make_shared<const Config>(config)});
  ASSERT_TRUE(key) << key.error().message;
  std::filesystem::remove(pin);
  EXPECT_TRUE(key->sign(scheme, as_bytes(message)));
  EXPECT_EQ(stores_.last_pin, "1234");
}

TEST_F(ReferenceKey, SaysAtLoadThatAPinIsGoodForOneLogin) {
  Config config;
  config.policy.pin_cache = PinCache::none;
  OpenOptions options{.config = std::make_shared<const Config>(config)};
  const auto pin = folder_.write("pin", "1234\n");
  EXPECT_TRUE(
      open(std::string(key_uri) + "?pin-source=file:" + pin.string(), PinTime::at_load, options));
  EXPECT_TRUE(warnings_.empty()) << "a file can be read again";
  options.pin = [](const PinRequest&) -> Result<Secret> {
    return Secret::copy_of(std::string_view("0000"));
  };
  EXPECT_TRUE(open(key_uri, PinTime::at_load, options));
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_THAT(warnings_.front(), HasSubstr("pin_cache"));
}

TEST_F(ReferenceKey, AsksTheProgramOnceAtLoad) {
  stores_.wants_pin = true;
  int asked = 0;
  OpenOptions options{.pin = [&](const PinRequest& request) -> Result<Secret> {
    ++asked;
    EXPECT_EQ(request.object, "prod");
    return Secret::copy_of(std::string_view("0000"));
  }};
  const auto key = open(key_uri, PinTime::at_load, options);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(signs(*key));
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(stores_.last_pin, "0000");
}

TEST_F(ReferenceKey, TheSourceOfTheUriComesFirst) {
  stores_.wants_pin = true;
  const auto pin = folder_.write("pin", "uri");
  OpenOptions options{.pin = [](const PinRequest&) -> Result<Secret> {
    ADD_FAILURE() << "asked though there is a source";
    return Secret();
  }};
  const auto key =
      open(std::string(key_uri) + "?pin-source=file:" + pin.string(), PinTime::at_load, options);
  EXPECT_TRUE(signs(*key));
  EXPECT_EQ(stores_.last_pin, "uri");
}

TEST_F(ReferenceKey, WithoutAnySourceThePinIsMissedAtUse) {
  stores_.wants_pin = true;
  const auto key = open();
  ASSERT_TRUE(key);
  EXPECT_TRUE(warnings_.empty());
  EXPECT_EQ(key->sign(scheme, as_bytes(message)).error().code, Errc::pin_required);
}

TEST_F(ReferenceKey, RefusesAModuleThatTheConfigurationDoesNotList) {
  const auto uri = std::string(key_uri) + "?module-path=/usr/lib/other.so";
  EXPECT_EQ(open(uri).error().code, Errc::refused_by_policy);
  Config config;
  config.modules.push_back({.name = "other", .path = "/usr/lib/other.so"});
  EXPECT_TRUE(open(uri, PinTime::at_load, {.config = std::make_shared<const Config>(config)}));
}

TEST_F(ReferenceKey, PolicyRefusesItAtLoad) {
  Config config;
  config.policy.min_rsa_bits = 2048;
  const Reference reference{.uri = Uri::parse(key_uri).value(),
                            .public_key = new_key("rsa:1024").public_key()};
  const auto key =
      open_reference(reference, test_registry(), {.config = std::make_shared<const Config>(config)},
                     PinTime::at_load);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::refused_by_policy);
  EXPECT_EQ(stores_.opened, 0);
}

TEST_F(ReferenceKey, ThreadsThatComeFirstTogetherAllSign) {
  for (int round = 0; round < 20; ++round) {
    const auto key = open();
    std::barrier start(8);
    std::atomic<int> good = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        good += signs(*key);
      });
    }
    threads.clear();
    EXPECT_EQ(good, 8);
    const int before = stores_.opened;
    EXPECT_TRUE(signs(*key));
    EXPECT_EQ(stores_.opened, before);
  }
}

/// Whether `work` returns true in a forked child, within 20 seconds.
bool in_child(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(work() ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(ReferenceKey, AChildForkedBeforeFirstUseSigns) {
  stores_.wants_pin = true;
  const auto pin = folder_.write("pin", "1234");
  const auto key = open(std::string(key_uri) + "?pin-source=file:" + pin.string());
  std::filesystem::remove(pin);
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(in_child([&] { return signs(*key) && stores_.last_pin == "1234"; }));
  }
  EXPECT_EQ(stores_.opened, 0);
  EXPECT_TRUE(signs(*key));
}

TEST_F(ReferenceKey, AChildForkedDuringFirstUseSigns) {
  const auto key = open();
  std::barrier inside(2);
  std::barrier leave(2);
  stores_.at_open = [&] {
    inside.arrive_and_wait();
    leave.arrive_and_wait();
  };
  bool signed_here = false;
  std::jthread first([&] { signed_here = signs(*key); });
  inside.arrive_and_wait();
  const bool signed_there = in_child([&] {
    stores_.at_open = {};
    return signs(*key);
  });
  leave.arrive_and_wait();
  first.join();
  EXPECT_TRUE(signed_there);
  EXPECT_TRUE(signed_here);
}

TEST_F(ReferenceKey, AReferenceWithoutPublicKeyOpensAtLoad) {
  const auto key = open_reference({.uri = Uri::parse(key_uri).value()}, test_registry(),
                                  {.config = std::make_shared<const Config>()}, PinTime::at_load);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(stores_.opened, 1);
  EXPECT_TRUE(signs(*key));
}

}  // namespace
}  // namespace keystore
