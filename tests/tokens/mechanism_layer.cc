#include <algorithm>
#include <vector>

#include "tests/tokens/layers.h"

namespace keystore::testing {
namespace {

CK_FUNCTION_LIST below;
const FaultTable* faults;

bool among(const std::vector<unsigned long>& mechanisms, CK_MECHANISM_TYPE type) {
  return std::ranges::find(mechanisms, type) != mechanisms.end();
}

bool hidden(CK_MECHANISM_TYPE type) { return among(faults->current().token.without, type); }

bool verifies_only(CK_MECHANISM_TYPE type) {
  return among(faults->current().token.verify_only, type);
}

CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE* list, CK_ULONG* count) {
  if (count == nullptr || faults->current().token.without.empty())
    return below.C_GetMechanismList(slot, list, count);
  std::vector<CK_MECHANISM_TYPE> all(1024);
  CK_ULONG found = all.size();
  if (const auto rv = below.C_GetMechanismList(slot, all.data(), &found); rv != CKR_OK) return rv;
  all.resize(found);
  std::erase_if(all, hidden);
  const auto room = *count;
  *count = all.size();
  if (list == nullptr) return CKR_OK;
  if (room < all.size()) return CKR_BUFFER_TOO_SMALL;
  std::ranges::copy(all, list);
  return CKR_OK;
}

CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO* info) {
  if (hidden(type)) return CKR_MECHANISM_INVALID;
  const auto rv = below.C_GetMechanismInfo(slot, type, info);
  if (rv == CKR_OK && verifies_only(type)) info->flags &= ~CK_FLAGS{CKF_SIGN};
  return rv;
}

CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  const bool refused =
      mechanism != nullptr && (hidden(mechanism->mechanism) || verifies_only(mechanism->mechanism));
  return refused ? CKR_MECHANISM_INVALID : below.C_SignInit(session, mechanism, key);
}

/// A function whose second parameter is the mechanism.
template <auto Member>
struct Using;
template <class... Rest,
          CK_RV (*CK_FUNCTION_LIST::*Member)(CK_SESSION_HANDLE, CK_MECHANISM*, Rest...)>
struct Using<Member> {
  static CK_RV call(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, Rest... rest) {
    if (mechanism != nullptr && hidden(mechanism->mechanism)) return CKR_MECHANISM_INVALID;
    return (below.*Member)(session, mechanism, rest...);
  }
  static void replace_in(CK_FUNCTION_LIST& list) { list.*Member = &call; }
};

}  // namespace

CK_FUNCTION_LIST mechanism_layer(const CK_FUNCTION_LIST& under, const FaultTable& table) {
  below = under;
  faults = &table;
  auto list = under;
  list.C_GetMechanismList = get_mechanism_list;
  list.C_GetMechanismInfo = get_mechanism_info;
  Using<&CK_FUNCTION_LIST::C_EncryptInit>::replace_in(list);
  Using<&CK_FUNCTION_LIST::C_DecryptInit>::replace_in(list);
  Using<&CK_FUNCTION_LIST::C_DigestInit>::replace_in(list);
  list.C_SignInit = sign_init;
  Using<&CK_FUNCTION_LIST::C_SignRecoverInit>::replace_in(list);
  Using<&CK_FUNCTION_LIST::C_VerifyInit>::replace_in(list);
  Using<&CK_FUNCTION_LIST::C_VerifyRecoverInit>::replace_in(list);
  Using<&CK_FUNCTION_LIST::C_GenerateKey>::replace_in(list);
  Using<&CK_FUNCTION_LIST::C_GenerateKeyPair>::replace_in(list);
  Using<&CK_FUNCTION_LIST::C_WrapKey>::replace_in(list);
  Using<&CK_FUNCTION_LIST::C_UnwrapKey>::replace_in(list);
  Using<&CK_FUNCTION_LIST::C_DeriveKey>::replace_in(list);
  return list;
}

}  // namespace keystore::testing
