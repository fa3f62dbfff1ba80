// What happens when the token answers with an error, goes away, or another user of the module in
// this process takes our login or our sessions.
#include <atomic>
#include <thread>

#include "tests/backends/pkcs11/faulty_token.h"

namespace keystore {
namespace {

using testing::alone;
using testing::why;

using TokenHealing = testing::FaultyToken;

/// A fault in one function, and the key goes on signing.
struct Row {
  const char* name;
  const char* fault;
};

class TokenFaults : public TokenHealing, public ::testing::WithParamInterface<Row> {};

TEST_P(TokenFaults, AreMended) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    ASSERT_TRUE(signs(*key));
    token_->counts().reset();
    token_->set_faults(GetParam().fault);
    EXPECT_TRUE(signs(*key));
    EXPECT_TRUE(signs(*key));
  }));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, TokenFaults,
    ::testing::Values(Row{"SessionGone", "C_SignInit code=0xB3 on=1"},
                      Row{"SessionClosed", "C_Sign code=0xB0 on=1"},
                      Row{"ObjectGone", "C_SignInit code=0x82 on=1"},
                      Row{"KeyHandle", "C_SignInit code=0x60 on=1"},
                      Row{"KeyUnreadable",
                          "C_SignInit code=0x60 on=1\nC_GetAttributeValue code=0x30 on=1"},
                      Row{"PublicHalfUnreadable",
                          "C_SignInit code=0x60 on=1\nC_GetAttributeValue code=0x30 on=2"},
                      Row{"LoggedOut", "C_SignInit code=0x101 on=1"},
                      Row{"OperationActive", "C_SignInit code=0x90 on=1"},
                      Row{"OperationLost", "C_Sign code=0x91 on=1"},
                      Row{"TokenAway", "C_SignInit code=0xE0 on=1"},
                      Row{"DeviceRemoved", "C_Sign code=0x32 on=1"},
                      Row{"DeviceError", "C_Sign code=0x30 on=1"},
                      Row{"GeneralError", "C_SignInit code=0x5 on=1"},
                      Row{"SlotGone", "C_SignInit code=0xE0 on=1\nC_OpenSession code=0x3 on=1"}),
    [](const auto& row) { return row.param.name; });

TEST_F(TokenHealing, FirstUseWaitsForATokenThatIsBeingWritten) {
  token_->set_faults(
      "C_Initialize code=0x5 on=1\nC_OpenSession code=0xE0 on=1\nC_Login code=0x5 on=1");
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(signs(*key));
  }));
}

TEST_F(TokenHealing, ALastingFaultIsReportedWithItsNameInTime) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    token_->set_faults("C_SignInit code=0x30");
    const auto start = std::chrono::steady_clock::now();
    const auto signature = key->sign(scheme, message);
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, Errc::unavailable);
    EXPECT_THAT(signature.error().message, ::testing::HasSubstr("CKR_DEVICE_ERROR"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
    token_->set_faults("");
    EXPECT_TRUE(signs(*key));
  }));
}

TEST_F(TokenHealing, SurvivesALogoutBySomebodyElse) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    auto* other = other_user();
    for (int i = 0; i < 3; ++i) {
      CK_SESSION_HANDLE session = 0;
      ASSERT_EQ(
          other->C_OpenSession(first_slot(other), CKF_SERIAL_SESSION, nullptr, nullptr, &session),
          CKR_OK);
      ASSERT_EQ(other->C_Logout(session), CKR_OK);
      other->C_CloseSession(session);
      EXPECT_TRUE(signs(*key));
      const auto again = open_key();
      EXPECT_TRUE(again) << why(again);
    }
  }));
}

TEST_F(TokenHealing, ListsAfterALogoutBySomebodyElse) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    auto* other = other_user();
    CK_SESSION_HANDLE session = 0;
    ASSERT_EQ(
        other->C_OpenSession(first_slot(other), CKF_SERIAL_SESSION, nullptr, nullptr, &session),
        CKR_OK);
    ASSERT_EQ(other->C_Logout(session), CKR_OK);
    const auto again = open_key();
    EXPECT_TRUE(again) << why(again);
    ASSERT_EQ(other->C_Logout(session), CKR_OK);
    const auto made = open_store()->generator()->generate_key(KeySpec::parse("ec:p256").value(),
                                                              {.label = "new"});
    EXPECT_TRUE(made) << why(made);
  }));
}

TEST_F(TokenHealing, SurvivesTheEndOfAllSessionsBySomebodyElse) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    auto* other = other_user();
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(other->C_CloseAllSessions(first_slot(other)), CKR_OK);
      EXPECT_TRUE(signs(*key));
      ASSERT_EQ(other->C_CloseAllSessions(first_slot(other)), CKR_OK);
      EXPECT_TRUE(open_key());
    }
  }));
}

TEST_F(TokenHealing, SurvivesAFinaliseBySomebodyElse) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    auto* other = other_user();
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(other->C_Finalize(nullptr), CKR_OK);
      EXPECT_TRUE(signs(*key));
    }
    ASSERT_EQ(other->C_Finalize(nullptr), CKR_OK);
    CK_C_INITIALIZE_ARGS arguments = {};
    arguments.flags = CKF_OS_LOCKING_OK;
    ASSERT_EQ(other->C_Initialize(&arguments), CKR_OK);
    EXPECT_TRUE(signs(*key));
  }));
}

TEST_F(TokenHealing, ThreadsGoOnThroughFaults) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    token_->counts().reset();
    token_->set_faults(
        "C_SignInit code=0xB3 from=20 to=22\n"
        "C_Sign code=0x101 from=100 to=102\n"
        "C_SignInit code=0xE0 from=200 to=202\n"
        "C_SignInit code=0x82 from=300 to=302");
    std::atomic<int> bad = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 50; ++n) bad += signs(*key) ? 0 : 1;
      });
    }
    threads.clear();
    EXPECT_EQ(bad, 0);
  }));
}

TEST_F(TokenHealing, WaitsWhenTheTokenHasNoMoreSessions) {
  EXPECT_TRUE(alone([&] {
    token_->set_faults("C_OpenSession code=0xB1 sessions=2\nC_Sign delay=5");
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    std::atomic<int> bad = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 5; ++n) bad += signs(*key) ? 0 : 1;
      });
    }
    threads.clear();
    EXPECT_EQ(bad, 0);
  }));
}

TEST_F(TokenHealing, ADeadlineEndsTheWaiting) {
  EXPECT_TRUE(alone([&] {
    token_->set_faults("C_OpenSession code=0xB1 sessions=1\nC_Sign delay=400 from=1 to=1");
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    std::jthread slow([&] { EXPECT_TRUE(signs(*key)); });
    while (token_->counts().of("C_Sign") == 0) std::this_thread::yield();
    const auto waited =
        key->sign(scheme, message,
                  {.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(20)});
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().code, Errc::timed_out);
  }));
}

TEST_F(TokenHealing, ARemovedKeyIsNotFoundAnyMore) {
  EXPECT_TRUE(alone([&] {
    auto store = open_store();
    const auto key = store->key();
    ASSERT_TRUE(key) << why(key);
    ASSERT_TRUE(store->remover()->remove(key->entry()));
    const auto signature = key->sign(scheme, message);
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, Errc::not_found) << why(signature);
  }));
}

TEST_F(TokenHealing, AnotherKeyInItsPlaceIsNotUsed) {
  EXPECT_TRUE(alone([&] {
    auto store = open_store();
    const auto key = store->key();
    ASSERT_TRUE(key) << why(key);
    ASSERT_TRUE(store->remover()->remove(key->entry()));
    const auto other = store->generator()->generate_key(KeySpec::parse("ec:p256").value(),
                                                        {.label = key->label(), .id = key->id()});
    ASSERT_TRUE(other) << why(other);
    EXPECT_EQ(key->sign(scheme, message).error().code, Errc::key_mismatch);
  }));
}

}  // namespace
}  // namespace keystore
