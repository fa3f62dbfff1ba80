#include "tests/tokens/layers.h"

namespace keystore::testing {
namespace {

CK_FUNCTION_LIST below;
const FaultTable* faults;
RealModule* module;

CK_RV get_slot_list(CK_BBOOL with_token, CK_SLOT_ID* slots, CK_ULONG* count) {
  if (count == nullptr || with_token == CK_FALSE || !faults->current().token.vanished)
    return below.C_GetSlotList(with_token, slots, count);
  *count = 0;
  return CKR_OK;
}

CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO* info) {
  const auto rv = below.C_GetSlotInfo(slot, info);
  if (rv == CKR_OK && faults->current().token.vanished) info->flags &= ~CKF_TOKEN_PRESENT;
  return rv;
}

CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  const auto rv = below.C_GetTokenInfo(slot, info);
  if (rv != CKR_OK) return rv;
  const auto& token = faults->current().token;
  info->flags = (info->flags & ~token.clear_flags) | token.set_flags;
  if (token.session_limit) {
    info->ulMaxSessionCount = info->ulMaxRwSessionCount = *token.session_limit;
    info->ulSessionCount = module->sessions;
  }
  return rv;
}

CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify,
                   CK_SESSION_HANDLE* session) {
  const auto& limit = faults->current().token.session_limit;
  const auto open = ++module->sessions;
  const auto rv = limit && open > *limit
                      ? CKR_SESSION_COUNT
                      : below.C_OpenSession(slot, flags, application, notify, session);
  if (rv != CKR_OK) --module->sessions;
  return rv;
}

CK_RV close_session(CK_SESSION_HANDLE session) {
  const auto rv = below.C_CloseSession(session);
  if (rv == CKR_OK) --module->sessions;
  return rv;
}

CK_RV close_all_sessions(CK_SLOT_ID slot) {
  const auto rv = below.C_CloseAllSessions(slot);
  if (rv == CKR_OK) module->sessions = 0;
  return rv;
}

CK_RV finalise(void* reserved) {
  const auto rv = below.C_Finalize(reserved);
  if (rv == CKR_OK) module->sessions = 0;
  return rv;
}

}  // namespace

CK_FUNCTION_LIST slot_layer(const CK_FUNCTION_LIST& under, const FaultTable& table,
                            RealModule& real) {
  below = under;
  faults = &table;
  module = &real;
  auto list = under;
  list.C_GetSlotList = get_slot_list;
  list.C_GetSlotInfo = get_slot_info;
  list.C_GetTokenInfo = get_token_info;
  list.C_OpenSession = open_session;
  list.C_CloseSession = close_session;
  list.C_CloseAllSessions = close_all_sessions;
  list.C_Finalize = finalise;
  return list;
}

}  // namespace keystore::testing
