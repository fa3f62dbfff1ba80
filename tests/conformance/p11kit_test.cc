#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/backends/pem/data.h"
#include "tests/conformance/subject.h"
#include "tests/support/p11kit_token.h"

// A token behind `p11-kit server` whose server goes away and comes back. The client module says
// CKR_DEVICE_ERROR to everything once its connection is gone, also to C_GetSlotList, and connects
// in C_Initialize only; initialised while there is no server, it has no slots.

namespace keystore::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto p256 = SignatureScheme::ecdsa_secp256r1_sha256;
constexpr auto long_enough = std::chrono::seconds(20);

class P11KitServer : public ::testing::Test {
 protected:
  void SetUp() override {
    if (can_run(real_token("P11Kit"))) token();
  }
  /// One for the process, which reads the server's address once.
  static P11KitToken& token() {
    static P11KitToken token;
    return token;
  }
  static Result<Key> find_key(const std::string& label) {
    auto store = open(token().uri(label), token_options(token()));
    return store ? store->key() : Result<Key>(Failure(store.error()));
  }
  static Key make_key(const std::string& label) {
    auto store = open(token().uri(), token_options(token())).value();
    return store.generator()
        ->generate_key(KeySpec::parse("ec:p256").value(), {.label = label})
        .value();
  }
  static Result<Bytes> sign(const Key& key) { return key.sign(p256, as_bytes("hello")); }
  /// Tries until it works.
  template <class Attempt>
  static auto wait_for(const Attempt& attempt) {
    const auto end = Clock::now() + long_enough;
    auto result = attempt();
    while (!result && Clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      result = attempt();
    }
    return result;
  }
};

TEST_F(P11KitServer, EightThreadsSignAgainOnceItIsBack) {
  const auto key = make_key("threads");
  token().kill_server();
  std::atomic<int> recovered = 0;
  std::atomic<int> lost = 0;
  std::atomic<bool> slow = false;
  std::atomic<int> refused = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto attempt = [&] {
        const auto start = Clock::now();
        auto signature = sign(key);
        if (Clock::now() - start > std::chrono::seconds(3)) slow = true;
        if (!signature) ++refused;
        return signature;
      };
      if (wait_for(attempt)) ++recovered;
      for (int n = 0; n < 20; ++n) lost += sign(key) ? 0 : 1;
    });
  }
  while (refused < 16) std::this_thread::yield();
  token().start_server();
  threads.clear();
  EXPECT_EQ(recovered, 8);
  EXPECT_EQ(lost, 0);
  EXPECT_FALSE(slow) << "an operation waited longer than its deadline";
}

TEST_F(P11KitServer, KeyInUseSurvivesARestartBetweenTwoSignatures) {
  const auto key = make_key("restart");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(sign(key));
    token().kill_server();
    token().start_server();
    const auto next = sign(key);
    EXPECT_TRUE(next) << why(next);
  }
}

TEST_F(P11KitServer, TokenIsFoundOnceItIsThere) {
  make_key("late");
  token().kill_server();
  for (int i = 0; i < 2; ++i) {
    const auto key = find_key("late");
    ASSERT_FALSE(key);
    EXPECT_EQ(code_of(key), Errc::not_found) << why(key);
  }
  token().start_server();
  const auto key = wait_for([] { return find_key("late"); });
  ASSERT_TRUE(key) << why(key);
  EXPECT_TRUE(sign(*key));
}

}  // namespace
}  // namespace keystore::testing
