// A token that cannot be reached: operations fail at once, one thread of the process looks for the
// token, and it is gone when the token is back, when the process ends, and in forked children.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/backends/pkcs11/faulty_token.h"

namespace keystore {
namespace {

using testing::alone;
using testing::why;

constexpr auto away = "C_SignInit code=0xE0\nC_OpenSession code=0xE0\nC_GetTokenInfo code=0xE0";

/// Ours among the threads of this process.
std::ptrdiff_t looking_threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::count_if(begin(tasks), end(tasks), [](const auto& task) {
    std::ifstream name(task.path() / "comm");
    return std::string(std::istreambuf_iterator<char>(name), {}) == "keystore-look\n";
  });
}

/// Waits for what another thread will do soon.
template <class Condition>
bool becomes_true(const Condition& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class TokenOutage : public testing::FaultyToken {
 protected:
  /// The token goes away and the key notices.
  void take_away(const Key& key) {
    token_->set_faults(away);
    const auto signature = key.sign(scheme, message);
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, Errc::not_found) << why(signature);
  }
};

TEST_F(TokenOutage, OperationsFailAtOnceAndMakeNoCall) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    ASSERT_TRUE(signs(*key));
    take_away(*key);
    const auto started = token_->counts().of("C_SignInit");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) {
      const auto signature = key->sign(scheme, message);
      ASSERT_FALSE(signature);
      EXPECT_THAT(signature.error().message, ::testing::HasSubstr("no token"));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
    EXPECT_EQ(token_->counts().of("C_SignInit"), started);
    token_->set_faults("");
    EXPECT_TRUE(becomes_true([&] { return key->sign(scheme, message).has_value(); }));
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(signs(*key));
  }));
}

TEST_F(TokenOutage, OneThreadLooksForTheTokenAndEndsWhenItIsBack) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    ASSERT_TRUE(signs(*key));
    EXPECT_EQ(looking_threads(), 0);
    take_away(*key);
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(key->sign(scheme, message));
    EXPECT_TRUE(becomes_true([&] { return looking_threads() == 1; }));
    const auto looks = token_->counts().of("C_GetSlotList");
    EXPECT_TRUE(becomes_true([&] { return token_->counts().of("C_GetSlotList") > looks; }));
    EXPECT_EQ(looking_threads(), 1);
    token_->set_faults("");
    EXPECT_TRUE(becomes_true([&] { return looking_threads() == 0; }));
    EXPECT_TRUE(signs(*key));
    EXPECT_EQ(looking_threads(), 0);
  }));
}

TEST_F(TokenOutage, ATokenThatWasAwayAtFirstUseIsFoundLater) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    token_->set_faults("C_OpenSession code=0x30\nC_GetSlotList code=0x30");
    // A child knows nothing yet: its first use is the one that fails.
    const pid_t child = ::fork();
    if (child == 0) {
      const auto first = key->sign(scheme, message);
      EXPECT_EQ(first.error().code, Errc::unavailable) << why(first);
      const auto second = key->sign(scheme, message);
      EXPECT_EQ(second.error().code, Errc::unavailable) << why(second);
      token_->set_faults("");
      EXPECT_TRUE(becomes_true([&] { return key->sign(scheme, message).has_value(); }));
      std::exit(HasFailure() ? 1 : 0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }));
}

TEST_F(TokenOutage, TheProcessEndsInTheMiddleOfOne) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    take_away(*key);
    // Ends here, with handlers and destructors: see alone().
  }));
}

// The looking thread starts the module again, and the end of the process finalises it: not at once.
TEST_F(TokenOutage, TheProcessEndsWhileTheModuleIsStartedAgain) {
  const auto trace = softhsm_->folder() / "trace";
  const testing::EnvironmentGuard traced("KEYSTORE_TRACE", trace.string());
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    take_away(*key);
    token_->set_faults(std::string(away) + "\nC_Finalize delay=200");
    const auto before = token_->counts().of("C_Finalize");
    ASSERT_TRUE(becomes_true([&] { return token_->counts().of("C_Finalize") > before; }));
  }));
  // Each takes 200 ms, and a line is written when it is over: one after the other, not side by
  // side.
  std::ifstream lines(trace);
  std::vector<double> over;
  for (std::string line; std::getline(lines, line);) {
    constexpr std::size_t seconds_at = std::string_view("2026-01-01T00:00:").size();
    if (line.find(" C_Finalize(*) = ") != line.npos)
      over.push_back(std::stod(line.substr(seconds_at)));
  }
  ASSERT_GE(over.size(), 2U);
  EXPECT_GE(std::fmod(over.end()[-1] - over.end()[-2] + 60, 60), 0.19);
}

TEST_F(TokenOutage, AChildForkedInTheMiddleOfOneLooksForItself) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    take_away(*key);
    for (int i = 0; i < 4; ++i) {
      token_->set_faults("");
      const pid_t child = ::fork();
      if (child == 0) std::exit(signs(*key) && looking_threads() == 0 ? 0 : 1);
      int status = -1;
      ::waitpid(child, &status, 0);
      EXPECT_EQ(status, 0);
      EXPECT_TRUE(becomes_true([&] { return key->sign(scheme, message).has_value(); }));
      take_away(*key);
    }
  }));
}

}  // namespace
}  // namespace keystore
