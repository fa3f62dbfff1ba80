// How many PKCS#11 calls loading and listing take, on a small token and on a large one: 500 pairs,
// or as many as KEYSTORE_TEST_PAIRS says.
#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "keystore/internal/public_key_parsed.h"
#include "tests/backends/pkcs11/token_keys.h"
#include "tests/support/process.h"
#include "tests/tokens/test_token.h"

namespace keystore {
namespace {

using testing::alone;
using testing::TestToken;
using testing::TokenTest;
using testing::why;
using testing::with_pin;

constexpr unsigned few = 10;

unsigned many() {
  const char* chosen = std::getenv("KEYSTORE_TEST_PAIRS");
  return chosen == nullptr ? 500 : static_cast<unsigned>(std::stoul(chosen));
}

/// The keys key-1 … key-N of a token behind the counting module. Tests do their work in children:
/// what one of them has open or remembers, no other has.
class Scale : public TokenTest {
 protected:
  static void SetUpTestSuite() {
    if (!testing::SoftHsm::available()) return;
    token();
    grow_to(few);
  }
  static TestToken& token() {
    static TestToken only(softhsm());
    return only;
  }
  static testing::CallCounts& counts() { return token().counts(); }

  static void make_keys(unsigned first, unsigned last) {
    const std::string program =
        std::getenv("KEYSTORE_BUILD") + std::string("/tests/tokens/make-keys");
    const auto made = testing::run({program, testing::SoftHsm::module_path(), softhsm().label(),
                                    softhsm().pin(), std::to_string(first), std::to_string(last)},
                                   {.timeout = std::chrono::minutes(30)});
    ASSERT_TRUE(made.ok()) << made.text();
  }
  /// Keys are made once for all tests, those of a large token last.
  static void grow_to(unsigned pairs) {
    if (size_ < pairs) make_keys(size_ + 1, pairs);
    size_ = std::max(size_, pairs);
  }
  /// As another program does it.
  static void remove(const std::string& label) {
    const std::string program = std::getenv("KEYSTORE_BUILD") + std::string("/bin/keystore");
    const auto done = testing::run({program, "rm", "--yes", "--pin", softhsm().pin_source(),
                                    softhsm().uri(label) + ";type=private"});
    ASSERT_TRUE(done.ok()) << done.text();
  }

  static Result<Key> load(const std::string& label) {
    const auto store = open(label);
    if (!store) return Failure(store.error());
    return store->key();
  }
  static void expect_good_signature(const Key& key) {
    const auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
    const auto signature = key.sign(scheme, as_bytes("m"));
    ASSERT_TRUE(signature) << why(signature);
    EXPECT_TRUE(key.public_key()->verify(spec_of(scheme), as_bytes("m"), *signature).value());
  }
  static std::string calls() {
    std::string text;
    for (const auto& [name, number] : counts().called()) {
      text += name + " " + std::to_string(number) + "\n";
    }
    return text;
  }

 private:
  static inline unsigned size_ = 0;
};

TEST_F(Scale, LoadingAndSigningTakeAsManyCallsOnALargeToken) {
  std::array<std::uint64_t, 2> totals = {};
  for (auto& total : totals) {
    counts().reset();
    EXPECT_TRUE(alone([] {
      const auto key = load("key-7");
      ASSERT_TRUE(key) << why(key);
      expect_good_signature(*key);
    }));
    total = counts().total();
    EXPECT_LE(total, 24U) << calls();
    EXPECT_EQ(counts().of("C_Sign"), 1U);
    grow_to(many());
  }
  EXPECT_EQ(totals[0], totals[1]);
}

TEST_F(Scale, LoadingAgainTakesTwoCallsAndAMillisecond) {
  grow_to(many());
  EXPECT_TRUE(alone([] {
    const auto first = load("key-7");
    ASSERT_TRUE(first) << why(first);
    auto fastest = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 50; ++i) {
      counts().reset();
      const auto start = std::chrono::steady_clock::now();
      const auto again = load("key-7");
      fastest = std::min(fastest, std::chrono::steady_clock::now() - start);
      ASSERT_TRUE(again) << why(again);
      EXPECT_LE(counts().total(), 2U) << calls();
      EXPECT_EQ(again->uri(), first->uri());
      EXPECT_EQ(again->public_key(), first->public_key());
      expect_good_signature(*again);
    }
    // The fastest of many: the machine may be busy with other things.
    EXPECT_LT(fastest, std::chrono::milliseconds(1));
  }));
}

TEST_F(Scale, ListingReadsEveryObjectOnce) {
  grow_to(many());
  EXPECT_TRUE(alone([] {
    ASSERT_TRUE(load("key-7"));
    counts().reset();
    const auto keys = open()->find_keys();
    ASSERT_TRUE(keys) << why(keys);
    EXPECT_EQ(keys->items.size(), many());
    EXPECT_TRUE(keys->skipped.empty());
    for (const auto& key : keys->items) ASSERT_TRUE(key.public_key()) << key.label();
    expect_good_signature(keys->items.back());
    EXPECT_EQ(counts().of("C_FindObjectsInit"), 1U) << calls();
    EXPECT_EQ(counts().of("C_GetAttributeValue"), 2 * many()) << calls();
    counts().reset();
    const auto entries = open()->find_entries();
    ASSERT_TRUE(entries) << why(entries);
    EXPECT_EQ(entries->items.size(), 2 * many());
    EXPECT_EQ(counts().of("C_FindObjectsInit"), 1U) << calls();
    EXPECT_EQ(counts().of("C_GetAttributeValue"), 2 * many()) << calls();
  }));
}

TEST_F(Scale, AKeyThatWentIsNotServed) {
  make_keys(1'000'001, 1'000'001);
  EXPECT_TRUE(alone([] {
    ASSERT_TRUE(load("key-1000001"));
    remove("key-1000001");
    EXPECT_EQ(load("key-1000001").error().code, Errc::not_found);
  }));
}

TEST_F(Scale, AKeyInThePlaceOfAnotherIsNotTakenForIt) {
  make_keys(1'000'002, 1'000'002);
  EXPECT_TRUE(alone([] {
    const auto first = load("key-1000002");
    ASSERT_TRUE(first) << why(first);
    remove("key-1000002");
    make_keys(1'000'002, 1'000'002);
    const auto second = load("key-1000002");
    ASSERT_TRUE(second) << why(second);
    EXPECT_NE(second->public_key(), first->public_key());
    expect_good_signature(*second);
  }));
  remove("key-1000002");
}

TEST_F(Scale, WhatThisProcessChangedIsSeen) {
  EXPECT_TRUE(alone([] {
    ASSERT_EQ(load("own").error().code, Errc::not_found);
    const auto made = generate("ec:p256", "own");
    const auto loaded = load("own");
    ASSERT_TRUE(loaded) << why(loaded);
    EXPECT_EQ(loaded->public_key(), made.public_key());
    ASSERT_TRUE(open()->remover()->remove(made.entry()));
    EXPECT_EQ(load("own").error().code, Errc::not_found);
  }));
}

TEST_F(Scale, AChildSearchesForItself) {
  EXPECT_TRUE(alone([] {
    ASSERT_TRUE(load("key-7"));
    ASSERT_TRUE(alone([] {
      counts().reset();
      const auto key = load("key-7");
      ASSERT_TRUE(key) << why(key);
      EXPECT_GE(counts().of("C_FindObjectsInit"), 1U);
      expect_good_signature(*key);
    }));
    counts().reset();
    ASSERT_TRUE(load("key-7"));
    EXPECT_LE(counts().total(), 2U) << calls();
  }));
}

TEST_F(Scale, ThreadsMayLoadTheSameKeyAtOnce) {
  EXPECT_TRUE(alone([] {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([i] {
        for (int n = 0; n < 20; ++n) {
          const auto key = load("key-" + std::to_string(1 + (i + n) % 3));
          ASSERT_TRUE(key) << why(key);
          expect_good_signature(*key);
        }
      });
    }
  }));
}

}  // namespace
}  // namespace keystore
