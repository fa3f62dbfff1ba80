#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "tests/tokens/loaded_module.h"

namespace keystore::testing {
namespace {

class TokenFaultRows : public LoadedModule {
 protected:
  bool has_token() const {
    CK_ULONG count = 0;
    EXPECT_EQ(functions_->C_GetSlotList(CK_TRUE, nullptr, &count), CKR_OK);
    CK_SLOT_INFO info = {};
    EXPECT_EQ(functions_->C_GetSlotInfo(slot_, &info), CKR_OK);
    EXPECT_EQ(count > 0, (info.flags & CKF_TOKEN_PRESENT) != 0);
    return count > 0;
  }
  bool lists(CK_MECHANISM_TYPE type) const {
    std::vector<CK_MECHANISM_TYPE> all(200);
    CK_ULONG count = all.size();
    EXPECT_EQ(functions_->C_GetMechanismList(slot_, all.data(), &count), CKR_OK);
    CK_ULONG asked = 0;
    EXPECT_EQ(functions_->C_GetMechanismList(slot_, nullptr, &asked), CKR_OK);
    EXPECT_EQ(asked, count);
    all.resize(count);
    CK_MECHANISM_INFO info = {};
    const auto rv = functions_->C_GetMechanismInfo(slot_, type, &info);
    const bool found = std::ranges::find(all, type) != all.end();
    EXPECT_EQ(rv, found ? CKR_OK : CKR_MECHANISM_INVALID);
    return found;
  }
  bool flag(CK_FLAGS wanted) const { return (token_info().flags & wanted) != 0; }
};

TEST_F(TokenFaultRows, TheTokenVanishesAndComesBackWithNothingOfBefore) {
  const auto before = session();
  ASSERT_EQ(log_in(before, CKU_USER, hsm_->pin()), CKR_OK);
  EXPECT_TRUE(has_token());
  token_->set_faults("vanish");
  EXPECT_FALSE(has_token());
  CK_SESSION_INFO info = {};
  EXPECT_EQ(functions_->C_GetSessionInfo(before, &info), CKR_DEVICE_REMOVED);
  EXPECT_EQ(open_session(), CKR_TOKEN_NOT_PRESENT);
  token_->set_faults("vanish code=0x30");
  EXPECT_EQ(functions_->C_GetSessionInfo(before, &info), CKR_DEVICE_ERROR);
  token_->set_faults("");
  EXPECT_TRUE(has_token());
  EXPECT_EQ(functions_->C_GetSessionInfo(before, &info), CKR_SESSION_HANDLE_INVALID);
  EXPECT_EQ(functions_->C_GetSessionInfo(session(), &info), CKR_OK);
  EXPECT_EQ(info.state, CKS_RW_PUBLIC_SESSION);
}

TEST_F(TokenFaultRows, FlagsAreSetAndCleared) {
  token_->set_faults("token-flags set=0x2 clear=0x1  # CKF_WRITE_PROTECTED, CKF_RNG");
  EXPECT_TRUE(flag(CKF_WRITE_PROTECTED));
  EXPECT_FALSE(flag(CKF_RNG));
  token_->set_faults("");
  EXPECT_FALSE(flag(CKF_WRITE_PROTECTED));
  EXPECT_TRUE(flag(CKF_RNG));
}

TEST_F(TokenFaultRows, SessionsAreLimitedAndTheTokenSaysSo) {
  token_->set_faults("session-limit 2");
  const auto first = session();
  EXPECT_EQ(open_session(), CKR_OK);
  EXPECT_EQ(token_info().ulMaxSessionCount, 2u);
  EXPECT_EQ(token_info().ulSessionCount, 2u);
  EXPECT_EQ(open_session(), CKR_SESSION_COUNT);
  EXPECT_EQ(functions_->C_CloseSession(first), CKR_OK);
  EXPECT_EQ(open_session(), CKR_OK);
}

TEST_F(TokenFaultRows, WrongPinsLockOverProcessesUntilTheOfficerUnlocks) {
  token_->set_faults("pin-tries 3");
  const auto ours = session();
  EXPECT_EQ(log_in(ours, CKU_USER, "wrong-1"), CKR_PIN_INCORRECT);
  EXPECT_TRUE(flag(CKF_USER_PIN_COUNT_LOW));
  EXPECT_FALSE(flag(CKF_USER_PIN_FINAL_TRY));
  const pid_t child = fork();
  if (child == 0) _exit(log_in(ours, CKU_USER, "wrong-2") == CKR_PIN_INCORRECT ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(flag(CKF_USER_PIN_FINAL_TRY));
  EXPECT_EQ(log_in(ours, CKU_USER, "wrong-3"), CKR_PIN_INCORRECT);
  EXPECT_TRUE(flag(CKF_USER_PIN_LOCKED));
  EXPECT_EQ(log_in(ours, CKU_USER, hsm_->pin()), CKR_PIN_LOCKED);
  EXPECT_EQ(token_->counts().wrong_pins(), 3u);

  EXPECT_EQ(log_in(ours, CKU_SO, hsm_->so_pin()), CKR_OK);
  auto pin = hsm_->pin();
  EXPECT_EQ(functions_->C_InitPIN(ours, reinterpret_cast<CK_UTF8CHAR*>(pin.data()), pin.size()),
            CKR_OK);
  EXPECT_EQ(functions_->C_Logout(ours), CKR_OK);
  EXPECT_FALSE(flag(CKF_USER_PIN_LOCKED));
  EXPECT_EQ(log_in(ours, CKU_USER, hsm_->pin()), CKR_OK);
}

TEST_F(TokenFaultRows, AGoodPinForgivesTheWrongOnes) {
  token_->set_faults("pin-tries 2");
  const auto ours = session();
  EXPECT_EQ(log_in(ours, CKU_USER, "wrong"), CKR_PIN_INCORRECT);
  EXPECT_TRUE(flag(CKF_USER_PIN_FINAL_TRY));
  EXPECT_EQ(log_in(ours, CKU_USER, hsm_->pin()), CKR_OK);
  EXPECT_FALSE(flag(CKF_USER_PIN_COUNT_LOW));
}

TEST_F(TokenFaultRows, AKeypadTakesThePinInPlaceOfTheCaller) {
  token_->set_faults("keypad " + hsm_->pin());
  EXPECT_TRUE(flag(CKF_PROTECTED_AUTHENTICATION_PATH));
  const auto ours = session();
  EXPECT_EQ(log_in(ours, CKU_USER, hsm_->pin()), CKR_ARGUMENTS_BAD);
  EXPECT_EQ(functions_->C_Login(ours, CKU_USER, nullptr, 0), CKR_OK);
}

TEST_F(TokenFaultRows, HiddenMechanismsAreRefused) {
  EXPECT_TRUE(lists(CKM_ECDSA));
  token_->set_faults("without 0x1041 0x250  # CKM_ECDSA, CKM_SHA256");
  EXPECT_FALSE(lists(CKM_ECDSA));
  EXPECT_TRUE(lists(CKM_RSA_PKCS));
  CK_MECHANISM digest = {CKM_SHA256, nullptr, 0};
  EXPECT_EQ(functions_->C_DigestInit(session(), &digest), CKR_MECHANISM_INVALID);
}

TEST_F(TokenFaultRows, MechanismsVerifyOnly) {
  token_->set_faults("verify-only 0x1041  # CKM_ECDSA");
  CK_MECHANISM_INFO info = {};
  ASSERT_EQ(functions_->C_GetMechanismInfo(slot_, CKM_ECDSA, &info), CKR_OK);
  EXPECT_EQ(info.flags & CKF_SIGN, 0U);
  EXPECT_NE(info.flags & CKF_VERIFY, 0U);
  CK_MECHANISM mechanism = {CKM_ECDSA, nullptr, 0};
  EXPECT_EQ(functions_->C_SignInit(session(), &mechanism, 1), CKR_MECHANISM_INVALID);
}

TEST_F(TokenFaultRows, TokensHashMessagesThemselves) {
  EXPECT_FALSE(lists(CKM_ECDSA_SHA256));
  token_->set_faults("hashing 0x1044  # CKM_ECDSA_SHA256\nwithout 0x1041");
  EXPECT_TRUE(lists(CKM_ECDSA_SHA256));
  EXPECT_FALSE(lists(CKM_ECDSA));
  CK_MECHANISM_INFO info = {};
  ASSERT_EQ(functions_->C_GetMechanismInfo(slot_, CKM_ECDSA_SHA256, &info), CKR_OK);
  EXPECT_NE(info.flags & CKF_SIGN, 0U);
}

TEST_F(TokenFaultRows, PrivateKeysAreNotTaken) {
  token_->set_faults("no-create 0xD1  # CKR_TEMPLATE_INCONSISTENT");
  const auto ours = session();
  ASSERT_EQ(log_in(ours, CKU_USER, hsm_->pin()), CKR_OK);
  CK_OBJECT_CLASS type = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE attributes = {CKA_CLASS, &type, sizeof type};
  CK_OBJECT_HANDLE object = 0;
  EXPECT_EQ(functions_->C_CreateObject(ours, &attributes, 1, &object), CKR_TEMPLATE_INCONSISTENT);
  type = CKO_DATA;
  EXPECT_EQ(functions_->C_CreateObject(ours, &attributes, 1, &object), CKR_OK);
}

TEST_F(TokenFaultRows, KeysAskForThePinEachTime) {
  token_->set_faults("always-authenticate\npin-tries 3");
  const auto ours = session();
  ASSERT_EQ(log_in(ours, CKU_USER, hsm_->pin()), CKR_OK);
  std::array<CK_BYTE, 10> p256 = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
  CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE curve = {CKA_EC_PARAMS, p256.data(), p256.size()};
  CK_ATTRIBUTE secret = {CKA_PRIVATE, &yes, sizeof yes};
  CK_MECHANISM make = {CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE public_key = 0;
  CK_OBJECT_HANDLE key = 0;
  ASSERT_EQ(functions_->C_GenerateKeyPair(ours, &make, &curve, 1, &secret, 1, &public_key, &key),
            CKR_OK);
  CK_BBOOL always = CK_FALSE;
  CK_ATTRIBUTE asked = {CKA_ALWAYS_AUTHENTICATE, &always, sizeof always};
  EXPECT_EQ(functions_->C_GetAttributeValue(ours, key, &asked, 1), CKR_OK);
  EXPECT_EQ(always, CK_TRUE);

  CK_MECHANISM ecdsa = {CKM_ECDSA, nullptr, 0};
  std::array<CK_BYTE, 32> digest = {};
  std::array<CK_BYTE, 64> signature = {};
  const auto sign = [&] {
    CK_ULONG length = signature.size();
    return functions_->C_Sign(ours, digest.data(), digest.size(), signature.data(), &length);
  };
  ASSERT_EQ(functions_->C_SignInit(ours, &ecdsa, key), CKR_OK);
  EXPECT_EQ(sign(), CKR_USER_NOT_LOGGED_IN);
  ASSERT_EQ(functions_->C_SignInit(ours, &ecdsa, key), CKR_OK);
  EXPECT_EQ(log_in(ours, CKU_CONTEXT_SPECIFIC, "wrong"), CKR_PIN_INCORRECT);
  EXPECT_TRUE(flag(CKF_USER_PIN_COUNT_LOW));
  EXPECT_EQ(log_in(ours, CKU_CONTEXT_SPECIFIC, hsm_->pin()), CKR_OK);
  EXPECT_EQ(sign(), CKR_OK);
}

}  // namespace
}  // namespace keystore::testing
