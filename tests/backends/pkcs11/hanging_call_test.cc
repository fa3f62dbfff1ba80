// A call that does not come back: nobody interrupts it, and nobody else waits for it beyond a
// deadline; it is reported, and neither a fork nor the end of the process waits for it long.
#include <atomic>
#include <mutex>
#include <thread>

#include "keystore/log.h"
#include "tests/backends/pkcs11/faulty_token.h"

namespace keystore {
namespace {

using namespace std::chrono_literals;
using testing::alone;
using testing::why;
using Clock = std::chrono::steady_clock;

class HangingCall : public testing::FaultyToken {
 protected:
  /// A thread that signs and hangs, by this fault. Ends when the fault is over.
  std::jthread hang(const Key& key, const std::string& function, const std::string& fault) {
    token_->counts().reset();
    token_->set_faults(fault);
    std::jthread thread([&key] { static_cast<void>(key.sign(scheme, message)); });
    while (token_->counts().of(function) == 0) std::this_thread::sleep_for(1ms);
    return thread;
  }
  static Clock::duration time_of(const auto& action) {
    const auto start = Clock::now();
    action();
    return Clock::now() - start;
  }
};

TEST_F(HangingCall, StopsNobodyElseAndIsReported) {
  EXPECT_TRUE(alone([&] {
    std::mutex mutex;
    std::string told;
    set_log_sink([&](LogLevel, std::string_view line) {
      const std::scoped_lock lock(mutex);
      told += std::string(line) + "\n";
    });
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    const auto hanging = hang(*key, "C_Sign", "C_Sign hang on=1");
    std::atomic<int> bad = 0;
    {
      std::vector<std::jthread> others;
      for (int i = 0; i < 7; ++i) {
        others.emplace_back([&] {
          const auto until = Clock::now() + 4s;
          while (Clock::now() < until) bad += key->sign(scheme, message) ? 0 : 1;
        });
      }
    }
    EXPECT_EQ(bad, 0);
    token_->set_faults("");
    const std::scoped_lock lock(mutex);
    EXPECT_THAT(told, ::testing::HasSubstr("C_Sign has not come back"));
    EXPECT_THAT(told, ::testing::HasSubstr("token 'test'"));
    EXPECT_EQ(told.find("C_Sign has not come back"), told.rfind("C_Sign has not come back"));
    set_log_sink({});
  }));
}

TEST_F(HangingCall, OfTheOneWhoHealsHoldsOthersNoLongerThanTheirDeadline) {
  for (const std::string function : {"C_Login", "C_GetSlotList", "C_OpenSession"}) {
    SCOPED_TRACE(function);
    EXPECT_TRUE(alone([&] {
      const auto key = open_key();
      ASSERT_TRUE(key) << why(key);
      const auto hanging =
          hang(*key, function,
               "C_SignInit close-all-sessions code=0xE0 on=1\n" + function + " hang on=1");
      EXPECT_LT(time_of([&] {
                  EXPECT_FALSE(key->sign(scheme, message, {.deadline = Clock::now() + 300ms}));
                }),
                2s);
      std::this_thread::sleep_for(2500ms);
      // Now it is known to hang: nobody waits at all.
      EXPECT_LT(time_of([&] {
                  for (int i = 0; i < 20; ++i) {
                    const auto signature = key->sign(scheme, message);
                    ASSERT_FALSE(signature);
                    EXPECT_EQ(signature.error().code, Errc::unavailable) << why(signature);
                    EXPECT_THAT(signature.error().message, ::testing::HasSubstr(function));
                  }
                }),
                2s);
      token_->set_faults("");
      const auto until = Clock::now() + 10s;
      while (!key->sign(scheme, message) && Clock::now() < until) std::this_thread::sleep_for(1ms);
      EXPECT_TRUE(signs(*key));
    }));
  }
}

TEST_F(HangingCall, HoldsNeitherAForkNorTheEndOfTheProcess) {
  const auto whole = time_of([&] {
    EXPECT_TRUE(alone([&] {
      // Never destroyed, because its thread never ends.
      const auto* key = new Result<Key>(open_key());
      ASSERT_TRUE(*key) << why(*key);
      auto hanging = hang(**key, "C_Sign", "C_Sign hang on=1");
      hanging.detach();
      // The first fork cannot know yet that the call will not come back.
      for (const auto at_most : {4s, 1s, 1s}) {
        pid_t child = 0;
        EXPECT_LT(time_of([&] {
                    child = ::fork();
                    if (child == 0) std::exit(signs(**key) ? 0 : 1);
                  }),
                  at_most);
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
      }
    }));
  });
  EXPECT_LT(whole, 20s);
}

}  // namespace
}  // namespace keystore
