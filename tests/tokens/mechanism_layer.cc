#include <algorithm>
#include <vector>

#include "tests/tokens/layers.h"

namespace keystore::testing {
namespace {

CK_FUNCTION_LIST below;
const FaultTable* faults;

bool hidden(CK_MECHANISM_TYPE type) {
  const auto& without = faults->current().token.without;
  return std::ranges::find(without, type) != without.end();
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
  return hidden(type) ? CKR_MECHANISM_INVALID : below.C_GetMechanismInfo(slot, type, info);
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
  Using<&CK_FUNCTION_LIST::C_SignInit>::replace_in(list);
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
