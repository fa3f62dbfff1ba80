// What is left of a PIN in the memory of a process that used it.
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <sstream>

#include "keystore/log.h"
#include "keystore/reference.h"
#include "keystore/registry.h"
#include "tests/backends/pkcs11/token_keys.h"
#include "tests/support/memory_search.h"
#include "tests/support/process.h"

namespace keystore {
namespace {

using testing::alone;
using testing::find_in_memory;
using testing::Hidden;
using testing::run;
using testing::SoftHsm;
using testing::why;

constexpr auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;

/// A token whose PIN was made by other programs, so that this one has never held it.
class PinMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    softhsm_.emplace();
    const auto made = run({"sh", "-c",
                           "head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n' >\"$0\" && "
                           "softhsm2-util --init-token --free --label secret --so-pin 12345678 "
                           "--pin \"$(cat \"$0\")\"",
                           pin_file()});
    ASSERT_TRUE(made.ok()) << made.text();
    const auto masked = run({"/usr/bin/python3", "-c",
                             "import sys\n"
                             "print(*(octet ^ int(sys.argv[2]) for octet in open(sys.argv[1], "
                             "'rb').read()))",
                             pin_file(), std::to_string(testing::hiding_mask)});
    std::istringstream numbers(masked.out);
    for (int number = 0; numbers >> number;) pin_.push_back(static_cast<std::uint8_t>(number));
    ASSERT_EQ(pin_.size(), 32U) << masked.text();
    ASSERT_TRUE(alone([&] {
      const auto key = keystore::open("pkcs11:token=secret", from_file())
                           ->generator()
                           ->generate_key(KeySpec::parse("ec:p256").value(), {.label = "key"});
      ASSERT_TRUE(key) << why(key);
      testing::write_text(spki_file(), as_text(key->public_key()->spki()));
    }));
  }
  std::string pin_file() const { return (softhsm_->folder() / "secret-pin").string(); }
  std::string spki_file() const { return (softhsm_->folder() / "spki").string(); }
  OpenOptions from_file() const {
    return {.pin_source = SecretSource::parse("file:" + pin_file()).value()};
  }
  void keep_no_pin() {
    const auto file = softhsm_->keystore_configuration();
    testing::write_text(file, testing::read_text(file) + "[policy]\npin_cache = \"none\"\n");
  }
  /// One line for each place where the PIN is.
  std::string traces() const {
    std::string text;
    for (const auto& trace : find_in_memory(pin_)) {
      text += fmt::format("{:x} in {}\n", trace.address, trace.mapping);
    }
    return text;
  }
  static bool signs(const Key& key) {
    const auto made = key.sign(scheme, as_bytes("m"));
    EXPECT_TRUE(made) << why(made);
    return made.has_value();
  }

  std::optional<SoftHsm> softhsm_;
  Hidden pin_;
};

TEST_F(PinMemory, IsLockedAndLeftOutOfCoreDumpsWhileAKeyIsLoaded) {
  EXPECT_TRUE(alone([&] {
    {
      const auto store = keystore::open("pkcs11:token=secret;object=key", from_file());
      const auto key = store->key();
      ASSERT_TRUE(key) << why(key);
      EXPECT_TRUE(signs(*key));
      const auto found = find_in_memory(pin_);
      EXPECT_EQ(found.size(), 1U) << traces();
      for (const auto& trace : found) {
        EXPECT_NE(trace.mapping.find(" dd "), std::string::npos) << trace.mapping;
        EXPECT_NE(trace.mapping.find(" lo "), std::string::npos) << trace.mapping;
      }
    }
    EXPECT_EQ(traces(), "") << "after the last key";
  }));
}

TEST_F(PinMemory, IsLeftOutOfCoreDumpsWhereNothingMayBeLocked) {
  EXPECT_TRUE(alone([&] {
    const rlimit nothing = {0, 0};
    ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &nothing), 0);
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    ASSERT_EQ(::syscall(SYS_capset, &header, none), 0);
    int warnings = 0;
    set_log_sink([&](LogLevel, std::string_view line) {
      warnings += line.starts_with("cannot lock memory") ? 1 : 0;
    });
    const auto store = keystore::open("pkcs11:token=secret;object=key", from_file());
    const auto key = store->key();
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(signs(*key));
    for (const auto& trace : find_in_memory(pin_)) {
      EXPECT_NE(trace.mapping.find(" dd "), std::string::npos) << trace.mapping;
      EXPECT_EQ(trace.mapping.find(" lo "), std::string::npos) << trace.mapping;
    }
    EXPECT_EQ(warnings, 1);
    set_log_sink({});
  }));
}

TEST_F(PinMemory, IsNowhereAfterALoginWhereThePolicyKeepsNone) {
  keep_no_pin();
  EXPECT_TRUE(alone([&] {
    const auto store = keystore::open("pkcs11:token=secret;object=key", from_file());
    const auto key = store->key();
    ASSERT_TRUE(key) << why(key);
    EXPECT_EQ(traces(), "");
    EXPECT_TRUE(signs(*key));
    EXPECT_EQ(traces(), "");
    EXPECT_TRUE(alone([&] {
      EXPECT_TRUE(signs(*key));
      EXPECT_EQ(traces(), "");
    }));
  }));
}

TEST_F(PinMemory, OfAReferenceGoesWithItsFirstLogin) {
  keep_no_pin();
  EXPECT_TRUE(alone([&] {
    const auto spki = testing::read_text(spki_file());
    const Reference reference{
        .uri = Uri::parse("pkcs11:token=secret;object=key?pin-source=file:" + pin_file()).value(),
        .public_key = PublicKey::parse(as_bytes(spki)).value()};
    const auto key = open_reference(reference, builtin_registry(), {}, PinTime::at_load);
    ASSERT_TRUE(key) << why(key);
    EXPECT_NE(traces(), "") << "the search finds it while it is there";
    // A server's child logs in by itself, with the PIN that its parent read.
    std::filesystem::rename(pin_file(), pin_file() + ".away");
    EXPECT_TRUE(alone([&] {
      EXPECT_TRUE(signs(*key));
      EXPECT_EQ(traces(), "");
    }));
    EXPECT_TRUE(signs(*key));
    EXPECT_EQ(traces(), "");
  }));
}

}  // namespace
}  // namespace keystore
