// What another user of the module in this process does to us while eight threads sign, half of
// them with a second copy of this library: no signature is lost.
#include <atomic>
#include <thread>

#include "tests/backends/pkcs11/faulty_token.h"

namespace keystore {
namespace {

using testing::alone;
using testing::why;
using SignWithACopy = int (*)(const char* uri, const char* pin, int times);

constexpr int times = 40;

class ForeignAct : public testing::FaultyToken,
                   public ::testing::WithParamInterface<std::pair<const char*, const char*>> {
 protected:
  static SignWithACopy second_copy() {
    void* handle = ::dlopen(KEYSTORE_SECOND_COPY, RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle, nullptr) << ::dlerror();
    return reinterpret_cast<SignWithACopy>(::dlsym(handle, "sign_with_a_copy"));
  }
};

TEST_P(ForeignAct, LosesNoSignatureOfThreads) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    token_->counts().reset();
    token_->set_faults(GetParam().second);
    std::atomic<int> bad = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < times; ++n) bad += signs(*key) ? 0 : 1;
      });
    }
    threads.clear();
    EXPECT_EQ(bad, 0);
    EXPECT_GT(token_->counts().of("C_Login"), 0);  // the act was noticed
  }));
}

TEST_P(ForeignAct, LosesNoSignatureOfTwoCopiesOfTheLibrary) {
  // SoftHSM gives the handles of before to other sessions then, and crashes when two threads, which
  // know nothing of each other, use one session.
  if (GetParam().first == std::string_view("Finalise")) GTEST_SKIP() << "SoftHSM crashes";
  EXPECT_TRUE(alone([&] {
    const auto copy = second_copy();
    ASSERT_NE(copy, nullptr);
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    ASSERT_EQ(copy(softhsm_->uri().c_str(), softhsm_->pin().c_str(), 1), 0);
    token_->counts().reset();
    token_->set_faults(GetParam().second);
    std::atomic<int> bad = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < times; ++n) bad += signs(*key) ? 0 : 1;
      });
      threads.emplace_back([&] { bad += copy("", "", times); });
    }
    threads.clear();
    EXPECT_EQ(bad, 0);
    EXPECT_GT(token_->counts().of("C_Login"), 0);  // the act was noticed
  }));
}

INSTANTIATE_TEST_SUITE_P(
    Acts, ForeignAct,
    ::testing::Values(
        std::pair("Logout", "C_SignInit logout on=30\nC_SignInit logout on=200"),
        std::pair("CloseAllSessions",
                  "C_SignInit close-all-sessions on=30\nC_SignInit close-all-sessions on=200"),
        std::pair("Finalise", "C_SignInit finalise on=30\nC_SignInit finalise on=200")),
    [](const auto& act) { return act.param.first; });

}  // namespace
}  // namespace keystore
