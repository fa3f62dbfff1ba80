#include <string>

#include "tests/tokens/layers.h"

namespace keystore::testing {
namespace {

CK_FUNCTION_LIST below;
const FaultTable* faults;
CallCounts* memory;

bool locked(const TokenFaults& token) {
  return token.pin_tries && memory->wrong_pins() >= *token.pin_tries;
}

CK_RV count(const TokenFaults& token, CK_RV rv) {
  if (!token.pin_tries) return rv;
  if (rv == CKR_OK) memory->wrong_pins() = 0;
  if (rv == CKR_PIN_INCORRECT) ++memory->wrong_pins();
  return rv;
}

CK_RV log_in(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR* pin, CK_ULONG length) {
  const auto& token = faults->current().token;
  if (user == CKU_SO) return below.C_Login(session, user, pin, length);
  if (locked(token)) return CKR_PIN_LOCKED;
  if (!token.keypad_pin) return count(token, below.C_Login(session, user, pin, length));
  if (pin != nullptr) return CKR_ARGUMENTS_BAD;
  auto typed = *token.keypad_pin;
  auto* text = reinterpret_cast<CK_UTF8CHAR*>(typed.data());
  return count(token, below.C_Login(session, user, text, typed.size()));
}

CK_RV set_pin(CK_SESSION_HANDLE session, CK_UTF8CHAR* old_pin, CK_ULONG old_length,
              CK_UTF8CHAR* new_pin, CK_ULONG new_length) {
  CK_SESSION_INFO info = {};
  const bool by_officer =
      below.C_GetSessionInfo(session, &info) == CKR_OK && info.state == CKS_RW_SO_FUNCTIONS;
  const auto& token = faults->current().token;
  if (!by_officer && locked(token)) return CKR_PIN_LOCKED;
  const auto rv = below.C_SetPIN(session, old_pin, old_length, new_pin, new_length);
  return by_officer ? rv : count(token, rv);
}

CK_RV init_pin(CK_SESSION_HANDLE session, CK_UTF8CHAR* pin, CK_ULONG length) {
  return count(faults->current().token, below.C_InitPIN(session, pin, length));
}

CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  const auto rv = below.C_GetTokenInfo(slot, info);
  if (rv != CKR_OK) return rv;
  const auto& token = faults->current().token;
  if (token.keypad_pin) info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
  if (!token.pin_tries) return rv;
  const auto wrong = memory->wrong_pins().load();
  info->flags &= ~(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED);
  if (wrong > 0) info->flags |= CKF_USER_PIN_COUNT_LOW;
  if (wrong + 1 == *token.pin_tries) info->flags |= CKF_USER_PIN_FINAL_TRY;
  if (wrong >= *token.pin_tries) info->flags |= CKF_USER_PIN_LOCKED;
  return rv;
}

}  // namespace

CK_FUNCTION_LIST pin_layer(const CK_FUNCTION_LIST& under, const FaultTable& table,
                           CallCounts& counts) {
  below = under;
  faults = &table;
  memory = &counts;
  auto list = under;
  list.C_Login = log_in;
  list.C_SetPIN = set_pin;
  list.C_InitPIN = init_pin;
  list.C_GetTokenInfo = get_token_info;
  return list;
}

}  // namespace keystore::testing
