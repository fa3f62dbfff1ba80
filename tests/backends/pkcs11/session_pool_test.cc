// A token that has few sessions, and a server that has many threads.
#include <gmock/gmock.h>

#include <barrier>
#include <thread>

#include "tests/backends/pkcs11/token_keys.h"
#include "tests/tokens/test_token.h"

namespace keystore {
namespace {

using testing::alone;
using testing::SoftHsm;
using testing::TestToken;
using testing::why;
using testing::with_pin;

const Bytes message = {'m'};
constexpr auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
using Clock = std::chrono::steady_clock;

class SessionPool : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    softhsm_.emplace();
    token_.emplace(*softhsm_);
  }
  Store store(std::string_view object = {}) {
    return keystore::open(softhsm_->uri(object), with_pin(softhsm_->pin())).value();
  }
  Result<Key> make_key(const std::string& label) {
    return store().generator()->generate_key(KeySpec::parse("ec:p256").value(), {.label = label});
  }
  std::uint64_t opened() { return token_->counts().of("C_OpenSession"); }
  /// `each` signatures in each of `threads` threads; how many failed.
  static int failures(const Key& key, int threads, int each) {
    std::atomic<int> bad = 0;
    std::barrier start(threads);
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&] {
        start.arrive_and_wait();
        for (int n = 0; n < each; ++n) bad += key.sign(scheme, message) ? 0 : 1;
      });
    }
    running.clear();
    return bad;
  }

  std::optional<SoftHsm> softhsm_;
  std::optional<TestToken> token_;
};

TEST_F(SessionPool, OneSessionIsEnough) {
  EXPECT_TRUE(alone([&] {
    token_->set_faults("session-limit 1\nC_Sign delay=1");
    const auto made = make_key("key");
    ASSERT_TRUE(made) << why(made);
    EXPECT_EQ(failures(*made, 8, 20), 0);
    const auto other = make_key("other");
    ASSERT_TRUE(other) << why(other);
    EXPECT_EQ(failures(*other, 8, 5), 0);
    const auto removed = store().remover()->remove(made->entry());
    EXPECT_TRUE(removed) << why(removed);
    const auto loaded = store("other").key();
    ASSERT_TRUE(loaded) << why(loaded);
    EXPECT_EQ(failures(*loaded, 8, 5), 0);
  }));
}

TEST_F(SessionPool, FourSessionsAreKeptBusyBySixteenThreads) {
  EXPECT_TRUE(alone([&] {
    const auto key = make_key("key");
    ASSERT_TRUE(key) << why(key);
    token_->set_faults("C_OpenSession code=0xB1 sessions=4\nC_Sign delay=10");
    ASSERT_EQ(failures(*key, 16, 1), 0);  // the limit is learnt
    token_->counts().reset();
    const auto start = Clock::now();
    EXPECT_EQ(failures(*key, 16, 10), 0);
    const auto took = Clock::now() - start;
    EXPECT_EQ(token_->counts().of("C_Sign"), 160U);
    // 40 rounds of 10 ms at the least: nobody got a fifth session.
    EXPECT_GE(took, std::chrono::milliseconds(400));
  }));
}

TEST_F(SessionPool, EveryThreadOfALargeServerHasASession) {
  EXPECT_TRUE(alone([&] {
    const auto key = make_key("key");
    ASSERT_TRUE(key) << why(key);
#ifdef __SANITIZE_THREAD__
    constexpr int threads = 20;  // more end the sanitizer itself, in a forked child
#else
    constexpr int threads = 100;
#endif
    token_->set_faults("C_Sign hang");
    std::jthread all([&] { EXPECT_EQ(failures(*key, threads, 1), 0); });
    const auto until = Clock::now() + std::chrono::seconds(30);
    while (token_->counts().of("C_Sign") != threads && Clock::now() < until)
      std::this_thread::yield();
    EXPECT_EQ(token_->counts().of("C_Sign"), std::uint64_t{threads});  // all inside at once
    token_->set_faults("");
    all.join();
    token_->counts().reset();
    EXPECT_EQ(failures(*key, threads, 3), 0);
    EXPECT_EQ(token_->counts().total(), 2U * 3U * threads);
  }));
}

TEST_F(SessionPool, GrowsAgainWhenTheTokenHasMoreSessions) {
  EXPECT_TRUE(alone([&] {
    const auto key = make_key("key");
    ASSERT_TRUE(key) << why(key);
    token_->set_faults("C_OpenSession code=0xB1 sessions=1\nC_Sign delay=20");
    EXPECT_EQ(failures(*key, 4, 2), 0);
    token_->set_faults("C_Sign delay=20");
    const auto before = opened();
    const auto until = Clock::now() + std::chrono::seconds(30);
    while (opened() == before && Clock::now() < until) EXPECT_EQ(failures(*key, 4, 2), 0);
    EXPECT_GT(opened(), before);
  }));
}

TEST_F(SessionPool, WaitsForASessionOfSomebodyElse) {
  EXPECT_TRUE(alone([&] {
    const auto key = make_key("key");
    ASSERT_TRUE(key) << why(key);
  }));
  EXPECT_TRUE(alone([&] {
    token_->set_faults("C_OpenSession code=0xB1 to=3");
    const auto loaded = store().key();
    ASSERT_TRUE(loaded) << why(loaded);
    EXPECT_TRUE(loaded->sign(scheme, message));
  }));
}

TEST_F(SessionPool, ADeadlineEndsTheWaitingAndSaysWhatFor) {
  EXPECT_TRUE(alone([&] {
    token_->set_faults("session-limit 1");
    const auto key = make_key("key");
    ASSERT_TRUE(key) << why(key);
    token_->set_faults("session-limit 1\nC_Sign hang");
    std::jthread stuck([&] { EXPECT_TRUE(key->sign(scheme, message)); });
    while (token_->counts().of("C_Sign") == 0) std::this_thread::yield();
    const auto waited =
        key->sign(scheme, message, {.deadline = Clock::now() + std::chrono::milliseconds(50)});
    token_->set_faults("");
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().code, Errc::timed_out);
    EXPECT_THAT(waited.error().message, ::testing::HasSubstr("no more sessions"));
  }));
}

}  // namespace
}  // namespace keystore
