#include <chrono>
#include <thread>
#include <vector>

#include "tests/tokens/faults.h"
#include "tests/tokens/loaded_module.h"

namespace keystore::testing {
namespace {

class CallFaults : public LoadedModule {
 protected:
  static CK_RV get_info() {
    CK_INFO info = {};
    return functions_->C_GetInfo(&info);
  }
  static std::chrono::steady_clock::duration time_of(auto&& call) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(call(), CKR_OK);
    return std::chrono::steady_clock::now() - begin;
  }
};

TEST_F(CallFaults, FailTheCallTheyName) {
  token_->set_faults("C_GetInfo code=0x30 on=2  # CKR_DEVICE_ERROR");
  EXPECT_EQ(get_info(), CKR_OK);
  EXPECT_EQ(get_info(), CKR_DEVICE_ERROR);
  EXPECT_EQ(get_info(), CKR_OK);
}

TEST_F(CallFaults, FailEveryFunction) {
  token_->set_faults("* code=0x30");
  EXPECT_EQ(get_info(), CKR_DEVICE_ERROR);
  EXPECT_EQ(open_session(), CKR_DEVICE_ERROR);
}

TEST_F(CallFaults, DelayCalls) {
  token_->set_faults("C_GetInfo delay=30");
  EXPECT_GE(time_of(get_info), std::chrono::milliseconds(30));
  token_->set_faults("* delay=300us");
  EXPECT_GE(time_of(get_info), std::chrono::microseconds(300));
}

TEST_F(CallFaults, HangUntilTheRowIsGone) {
  token_->set_faults("C_GetInfo hang on=1");
  std::atomic<bool> back = false;
  std::jthread stuck([&] {
    EXPECT_EQ(get_info(), CKR_OK);
    back = true;
  });
  while (token_->counts().of("C_GetInfo") == 0) std::this_thread::yield();
  EXPECT_EQ(get_info(), CKR_OK);  // the second call does not hang
  EXPECT_FALSE(back);
  token_->set_faults("");
  stuck.join();
  EXPECT_TRUE(back);
}

TEST_F(CallFaults, RefuseSessionsBeyondALimit) {
  token_->set_faults("C_OpenSession code=0xB1 sessions=2");
  EXPECT_EQ(open_session(), CKR_OK);
  EXPECT_EQ(open_session(), CKR_OK);
  EXPECT_EQ(open_session(), CKR_SESSION_COUNT);
  EXPECT_EQ(functions_->C_CloseAllSessions(slot_), CKR_OK);
  EXPECT_EQ(open_session(), CKR_OK);
}

TEST(FaultRows, AreRefusedWhereUnknown) {
  for (const auto* text :
       {"C_Nothing code=1", "C_Sign speed=1", "C_Sign delay", "C_Sign code=0x30x", "nonsense",
        "vanish now", "attribute 0x3", "attribute 0x3 value=8", "answer C_Sign", "answer X again",
        "session-limit", "session-limit 1 2", "token-flags toggle=1"}) {
    EXPECT_THROW(parse_faults(text), std::invalid_argument) << text;
  }
  EXPECT_TRUE(parse_faults("# only a comment\n\n").calls.empty());
}

/// Another user of the module, seen from a session of ours that is logged in.
class ForeignActs : public LoadedModule {
 protected:
  void SetUp() override {
    LoadedModule::SetUp();
    if (IsSkipped()) return;
    session_ = session();
    ASSERT_EQ(log_in(session_, CKU_USER, hsm_->pin()), CKR_OK);
  }
  CK_RV state(CK_STATE* state) {
    CK_SESSION_INFO info = {};
    const auto rv = functions_->C_GetSessionInfo(session_, &info);
    *state = info.state;
    return rv;
  }
  CK_SESSION_HANDLE session_ = 0;
  CK_STATE state_ = 0;
};

TEST_F(ForeignActs, LogOut) {
  EXPECT_EQ(state(&state_), CKR_OK);
  EXPECT_EQ(state_, CKS_RW_USER_FUNCTIONS);
  token_->set_faults("C_GetSessionInfo logout on=2");
  EXPECT_EQ(state(&state_), CKR_OK);
  EXPECT_EQ(state_, CKS_RW_PUBLIC_SESSION);
}

TEST_F(ForeignActs, CloseTheSessionThatIsSaidToBeGone) {
  token_->set_faults("C_GetSessionInfo code=0xB3 on=1");
  EXPECT_EQ(state(&state_), CKR_SESSION_HANDLE_INVALID);
  EXPECT_EQ(state(&state_), CKR_SESSION_HANDLE_INVALID);
}

TEST_F(ForeignActs, CloseAllSessions) {
  token_->set_faults("C_GetSessionInfo close-all-sessions on=1");
  EXPECT_EQ(state(&state_), CKR_SESSION_HANDLE_INVALID);
  EXPECT_EQ(open_session(), CKR_OK);
}

TEST_F(ForeignActs, FinaliseTheModule) {
  token_->set_faults("C_GetSessionInfo finalise on=1");
  EXPECT_EQ(state(&state_), CKR_CRYPTOKI_NOT_INITIALIZED);
  EXPECT_EQ(functions_->C_Initialize(nullptr), CKR_OK);
}

TEST_F(ForeignActs, ChangeObjectHandles) {
  const auto find = [&] {
    CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &secret, sizeof secret};
    CK_OBJECT_HANDLE object = 0;
    CK_ULONG count = 0;
    EXPECT_EQ(functions_->C_FindObjectsInit(session_, &wanted, 1), CKR_OK);
    EXPECT_EQ(functions_->C_FindObjects(session_, &object, 1, &count), CKR_OK);
    EXPECT_EQ(functions_->C_FindObjectsFinal(session_), CKR_OK);
    EXPECT_EQ(count, 1u);
    return object;
  };
  CK_MECHANISM make = {CKM_AES_KEY_GEN, nullptr, 0};
  CK_BBOOL yes = CK_TRUE;
  CK_ULONG length = 16;
  std::array attributes = {CK_ATTRIBUTE{CKA_TOKEN, &yes, sizeof yes},
                           CK_ATTRIBUTE{CKA_PRIVATE, &yes, sizeof yes},
                           CK_ATTRIBUTE{CKA_VALUE_LEN, &length, sizeof length}};
  CK_OBJECT_HANDLE made = 0;
  ASSERT_EQ(functions_->C_GenerateKey(session_, &make, attributes.data(), attributes.size(), &made),
            CKR_OK);
  const auto before = find();
  EXPECT_EQ(find(), before);
  token_->set_faults("C_GetSessionInfo on=1 new-handles=" + hsm_->pin());
  EXPECT_EQ(state(&state_), CKR_OK);
  EXPECT_EQ(state_, CKS_RW_USER_FUNCTIONS);
  EXPECT_EQ(functions_->C_DestroyObject(session_, before), CKR_OBJECT_HANDLE_INVALID);
  EXPECT_NE(find(), before);
  EXPECT_EQ(functions_->C_DestroyObject(session_, find()), CKR_OK);
}

TEST_F(ForeignActs, LeaveTheCallsOfOtherThreadsAlone) {
  token_->set_faults("C_GetSessionInfo close-all-sessions");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, foreign = i < 2] {
      for (int n = 0; n < 100; ++n) {
        CK_SESSION_INFO info = {};
        std::array<CK_BYTE, 16> random = {};
        if (foreign)
          functions_->C_GetSessionInfo(session_, &info);
        else
          functions_->C_GenerateRandom(session(), random.data(), random.size());
      }
    });
  }
}

}  // namespace
}  // namespace keystore::testing
