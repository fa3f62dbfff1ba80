#include <algorithm>
#include <span>
#include <vector>

#include "tests/tokens/layers.h"

namespace keystore::testing {
namespace {

CK_FUNCTION_LIST below;
const FaultTable* faults;

bool of_private_key(std::span<const CK_ATTRIBUTE> attributes) {
  return std::ranges::any_of(attributes, [](const CK_ATTRIBUTE& attribute) {
    return attribute.type == CKA_CLASS && attribute.pValue != nullptr &&
           *static_cast<CK_OBJECT_CLASS*>(attribute.pValue) == CKO_PRIVATE_KEY;
  });
}

/// The template with CKA_ALWAYS_AUTHENTICATE, where the rows say so.
std::vector<CK_ATTRIBUTE> private_template(CK_ATTRIBUTE* attributes, CK_ULONG count) {
  static CK_BBOOL yes = CK_TRUE;
  std::vector<CK_ATTRIBUTE> all(attributes, attributes + count);
  if (!faults->current().token.always_authenticate) return all;
  std::erase_if(all, [](const auto& one) { return one.type == CKA_ALWAYS_AUTHENTICATE; });
  all.push_back({CKA_ALWAYS_AUTHENTICATE, &yes, sizeof yes});
  return all;
}

CK_RV create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE* attributes, CK_ULONG count,
                    CK_OBJECT_HANDLE* object) {
  if (!of_private_key({attributes, count}))
    return below.C_CreateObject(session, attributes, count, object);
  if (const auto refused = faults->current().token.no_create) return *refused;
  auto all = private_template(attributes, count);
  return below.C_CreateObject(session, all.data(), all.size(), object);
}

CK_RV generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                        CK_ATTRIBUTE* public_attributes, CK_ULONG public_count,
                        CK_ATTRIBUTE* attributes, CK_ULONG count, CK_OBJECT_HANDLE* public_key,
                        CK_OBJECT_HANDLE* private_key) {
  auto all = private_template(attributes, count);
  return below.C_GenerateKeyPair(session, mechanism, public_attributes, public_count, all.data(),
                                 all.size(), public_key, private_key);
}

CK_RV unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE wrapping_key,
                 CK_BYTE* wrapped, CK_ULONG wrapped_length, CK_ATTRIBUTE* attributes,
                 CK_ULONG count, CK_OBJECT_HANDLE* key) {
  if (!of_private_key({attributes, count}))
    return below.C_UnwrapKey(session, mechanism, wrapping_key, wrapped, wrapped_length, attributes,
                             count, key);
  auto all = private_template(attributes, count);
  return below.C_UnwrapKey(session, mechanism, wrapping_key, wrapped, wrapped_length, all.data(),
                           all.size(), key);
}

}  // namespace

CK_FUNCTION_LIST key_layer(const CK_FUNCTION_LIST& under, const FaultTable& table) {
  below = under;
  faults = &table;
  auto list = under;
  list.C_CreateObject = create_object;
  list.C_GenerateKeyPair = generate_key_pair;
  list.C_UnwrapKey = unwrap_key;
  return list;
}

}  // namespace keystore::testing
