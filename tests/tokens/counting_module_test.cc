#include <dlfcn.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <set>

#include "tests/support/process.h"
#include "tests/tokens/faults.h"
#include "tests/tokens/test_token.h"

namespace keystore::testing {
namespace {

/// The module loaded as any program would load it.
class CountingModule : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!SoftHsm::available()) return;
    hsm_ = new SoftHsm;
    token_ = new TestToken(*hsm_);
    module_ = dlopen(TestToken::module_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(module_) << dlerror();
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(module_, "C_GetFunctionList"));
    ASSERT_EQ(get(&functions_), CKR_OK);
  }

  static void TearDownTestSuite() {
    delete token_;
    delete hsm_;
  }

  void SetUp() override {
    if (!hsm_) GTEST_SKIP() << "SoftHSM is not installed";
    token_->set_faults("");
    token_->counts().reset();
    ASSERT_EQ(functions_->C_Initialize(nullptr), CKR_OK);
    // SoftHSM shows an empty slot, ready for another token, after those in use.
    std::array<CK_SLOT_ID, 2> slots{};
    unsigned long count = slots.size();
    ASSERT_EQ(functions_->C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
    slot_ = slots[0];
  }

  void TearDown() override {
    if (hsm_) functions_->C_Finalize(nullptr);
  }

  CK_RV open_session() {
    CK_SESSION_HANDLE session = 0;
    return functions_->C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
  }

  static inline SoftHsm* hsm_ = nullptr;
  static inline TestToken* token_ = nullptr;
  static inline void* module_ = nullptr;
  static inline CK_FUNCTION_LIST* functions_ = nullptr;
  CK_SLOT_ID slot_ = 0;
};

TEST_F(CountingModule, CountsEachFunctionByName) {
  CK_INFO info = {};
  EXPECT_EQ(functions_->C_GetInfo(&info), CKR_OK);
  EXPECT_EQ(functions_->C_GetInfo(&info), CKR_OK);
  EXPECT_EQ(token_->counts().of("C_GetInfo"), 2u);
  EXPECT_EQ(token_->counts().of("C_Initialize"), 1u);
  EXPECT_EQ(token_->counts().of("C_Sign"), 0u);
  EXPECT_EQ(token_->counts().total(), 4u);
}

TEST_F(CountingModule, OffersTheStandardInterfaceOnly) {
  using GetInterface = CK_RV (*)(const unsigned char*, CK_VERSION*, void**, CK_FLAGS);
  const auto get = reinterpret_cast<GetInterface>(dlsym(module_, "C_GetInterface"));
  ASSERT_TRUE(get);
  void* interface = nullptr;
  EXPECT_EQ(get(nullptr, nullptr, &interface, 0), CKR_OK);
  EXPECT_TRUE(interface);
  CK_VERSION three = {3, 0};
  EXPECT_NE(get(nullptr, &three, &interface, 0), CKR_OK);
  EXPECT_NE(get(reinterpret_cast<const unsigned char*>("Vendor"), nullptr, &interface, 0), CKR_OK);
}

TEST_F(CountingModule, HasEveryFunctionOfItsOwn) {
  const auto* first = reinterpret_cast<void* const*>(&functions_->C_Initialize);
  const std::size_t count = function_names.size() - 1;
  EXPECT_EQ(std::set<void*>(first, first + count).size(), count);
  EXPECT_EQ(std::set<void*>(first, first + count).count(nullptr), 0u);
}

TEST_F(CountingModule, AddsUpOverFork) {
  const pid_t child = fork();
  if (child == 0) {
    CK_INFO info = {};
    functions_->C_GetInfo(&info);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(token_->counts().of("C_GetInfo"), 1u);
}

TEST_F(CountingModule, AddsUpOverProcesses) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a plain pkcs11-tool cannot load a module with sanitizers in it";
#endif
  const auto before = token_->counts().of("C_Initialize");
  const auto done = run({"pkcs11-tool", "--module", TestToken::module_path(), "--list-slots"});
  if (done.status == 127) GTEST_SKIP() << "pkcs11-tool is not installed";
  EXPECT_TRUE(done.ok()) << done.text();
  EXPECT_EQ(token_->counts().of("C_Initialize"), before + 1);
}

TEST_F(CountingModule, FailsTheCallItIsToldToFail) {
  CK_INFO info = {};
  token_->set_faults("C_GetInfo code=0x30 on=2  # CKR_DEVICE_ERROR");
  EXPECT_EQ(functions_->C_GetInfo(&info), CKR_OK);
  EXPECT_EQ(functions_->C_GetInfo(&info), CKR_DEVICE_ERROR);
  EXPECT_EQ(functions_->C_GetInfo(&info), CKR_OK);
}

TEST_F(CountingModule, DelaysCalls) {
  CK_INFO info = {};
  token_->set_faults("C_GetInfo delay=30");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(functions_->C_GetInfo(&info), CKR_OK);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(30));
}

TEST_F(CountingModule, RefusesSessionsBeyondTheLimit) {
  token_->set_faults("C_OpenSession code=0xB1 sessions=2");
  EXPECT_EQ(open_session(), CKR_OK);
  EXPECT_EQ(open_session(), CKR_OK);
  EXPECT_EQ(open_session(), CKR_SESSION_COUNT);
  EXPECT_EQ(functions_->C_CloseAllSessions(slot_), CKR_OK);
  EXPECT_EQ(open_session(), CKR_OK);
}

TEST(TestTokenFaults, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(parse_faults("C_Nothing code=1"), std::invalid_argument);
  EXPECT_THROW(parse_faults("C_Sign speed=1"), std::invalid_argument);
  EXPECT_THROW(parse_faults("C_Sign delay"), std::invalid_argument);
  EXPECT_TRUE(parse_faults("# only a comment\n\n").empty());
}

TEST(TestTokenCounts, PrintsThem) {
  const Workspace workspace;
  const auto file = workspace / "counts";
  CallCounts counts(file);
  counts.add(Function::C_Sign);
  counts.add(Function::C_SignInit);
  const std::string program =
      std::getenv("KEYSTORE_BUILD") + std::string("/tests/tokens/print-counts");
  EXPECT_EQ(run({program, file}).out, "C_Sign 1\nC_SignInit 1\ntotal 2\n");
  EXPECT_EQ(run({program, file, "C_Sign", "total"}).out, "1\n2\n");
  EXPECT_EQ(run({program, file, "C_None"}).status, 2);
}

}  // namespace
}  // namespace keystore::testing
