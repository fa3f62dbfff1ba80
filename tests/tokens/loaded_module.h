#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>

#include <array>
#include <string>

#include "tests/tokens/test_token.h"

namespace keystore::testing {

/// The module loaded as any program would load it.
class LoadedModule : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!SoftHsm::available() || hsm_) return;
    // Once for all suites of the program: the module reads the environment once.
    static SoftHsm hsm;
    static TestToken token(hsm);
    hsm_ = &hsm;
    token_ = &token;
    module_ = dlopen(TestToken::module_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(module_) << dlerror();
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(module_, "C_GetFunctionList"));
    ASSERT_EQ(get(&functions_), CKR_OK);
  }

  void SetUp() override {
    if (!hsm_) GTEST_SKIP() << "SoftHSM is not installed";
    token_->set_faults("");
    token_->counts().reset();
    token_->counts().wrong_pins() = 0;
    CK_C_INITIALIZE_ARGS threads = {};
    threads.flags = CKF_OS_LOCKING_OK;
    ASSERT_EQ(functions_->C_Initialize(&threads), CKR_OK);
    // SoftHSM shows an empty slot, ready for another token, after those in use.
    std::array<CK_SLOT_ID, 2> slots{};
    unsigned long count = slots.size();
    ASSERT_EQ(functions_->C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
    slot_ = slots[0];
  }

  void TearDown() override {
    if (!hsm_) return;
    token_->set_faults("");
    functions_->C_Finalize(nullptr);
  }

  CK_RV open_session() {
    CK_SESSION_HANDLE session = 0;
    return functions_->C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
  }

  CK_SESSION_HANDLE session() {
    CK_SESSION_HANDLE opened = 0;
    EXPECT_EQ(functions_->C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                        nullptr, &opened),
              CKR_OK);
    return opened;
  }

  static CK_RV log_in(CK_SESSION_HANDLE session, CK_USER_TYPE user, std::string pin) {
    return functions_->C_Login(session, user, reinterpret_cast<CK_UTF8CHAR*>(pin.data()),
                               pin.size());
  }

  CK_TOKEN_INFO token_info() const {
    CK_TOKEN_INFO info = {};
    EXPECT_EQ(functions_->C_GetTokenInfo(slot_, &info), CKR_OK);
    return info;
  }

  static inline SoftHsm* hsm_ = nullptr;
  static inline TestToken* token_ = nullptr;
  static inline void* module_ = nullptr;
  static inline CK_FUNCTION_LIST* functions_ = nullptr;
  CK_SLOT_ID slot_ = 0;
};

}  // namespace keystore::testing
