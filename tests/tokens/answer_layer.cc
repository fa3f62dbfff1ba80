#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "tests/tokens/layers.h"

namespace keystore::testing {
namespace {

CK_FUNCTION_LIST below;
const FaultTable* faults;

const AnswerFault* answer_for(Function function) {
  for (const auto& row : faults->current().token.answers) {
    if (row.function == function) return &row;
  }
  return nullptr;
}

/// After a call that filled `octets` and said how many.
CK_RV falsify(Function function, CK_RV rv, CK_BYTE* octets, CK_ULONG* length) {
  const auto* row = answer_for(function);
  if (row == nullptr || rv != CKR_OK) return rv;
  if (row->fill && octets != nullptr) std::memset(octets, *row->fill, *length);
  if (row->length) *length = *row->length;
  return rv;
}

CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* signature,
           CK_ULONG* length) {
  const auto rv = below.C_Sign(session, data, size, signature, length);
  return falsify(Function::C_Sign, rv, signature, length);
}

CK_RV decrypt(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* plaintext,
              CK_ULONG* length) {
  const auto rv = below.C_Decrypt(session, data, size, plaintext, length);
  return falsify(Function::C_Decrypt, rv, plaintext, length);
}

CK_RV wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE by,
               CK_OBJECT_HANDLE key, CK_BYTE* wrapped, CK_ULONG* length) {
  const auto rv = below.C_WrapKey(session, mechanism, by, key, wrapped, length);
  return falsify(Function::C_WrapKey, rv, wrapped, length);
}

CK_RV get_slot_list(CK_BBOOL with_token, CK_SLOT_ID* slots, CK_ULONG* count) {
  const auto rv = below.C_GetSlotList(with_token, slots, count);
  return falsify(Function::C_GetSlotList, rv, nullptr, count);
}

CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE* list, CK_ULONG* count) {
  const auto rv = below.C_GetMechanismList(slot, list, count);
  return falsify(Function::C_GetMechanismList, rv, nullptr, count);
}

/// What this thread's search gives again and again.
thread_local std::vector<CK_OBJECT_HANDLE> given;

CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  given.clear();
  return below.C_FindObjectsInit(session, attributes, count);
}

CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects, CK_ULONG room,
                   CK_ULONG* count) {
  auto rv = CKR_OK;
  if (given.empty()) rv = below.C_FindObjects(session, objects, room, count);
  const auto* row = answer_for(Function::C_FindObjects);
  if (row != nullptr && row->again && rv == CKR_OK) {
    if (given.empty()) given.assign(objects, objects + *count);
    *count = given.empty() ? 0 : room;
    for (CK_ULONG i = 0; i < *count; ++i) objects[i] = given[i % given.size()];
  }
  return falsify(Function::C_FindObjects, rv, nullptr, count);
}

/// The row about this attribute of this object.
const AttributeFault* row_for(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE_TYPE type) {
  for (const auto& row : faults->current().token.attributes) {
    if (row.type != type) continue;
    if (!row.object_class) return &row;
    CK_OBJECT_CLASS object_class = CK_UNAVAILABLE_INFORMATION;
    CK_ATTRIBUTE asked = {CKA_CLASS, &object_class, sizeof object_class};
    below.C_GetAttributeValue(session, object, &asked, 1);
    if (object_class == *row.object_class) return &row;
  }
  return nullptr;
}

CK_RV give_octets(CK_ATTRIBUTE& attribute, const std::string& value) {
  const auto room = std::exchange(attribute.ulValueLen, value.size());
  if (attribute.pValue == nullptr) return CKR_OK;
  if (room < value.size()) {
    attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return CKR_BUFFER_TOO_SMALL;
  }
  std::ranges::copy(value, static_cast<char*>(attribute.pValue));
  return CKR_OK;
}

CK_RV falsify(const AttributeFault& row, CK_ATTRIBUTE& attribute) {
  switch (row.kind) {
    case AttributeFault::Kind::value:
      return give_octets(attribute, row.value);
    case AttributeFault::Kind::length:
      attribute.ulValueLen = row.length;
      return CKR_OK;
    case AttributeFault::Kind::missing:
      attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
      return CKR_ATTRIBUTE_TYPE_INVALID;
    case AttributeFault::Kind::grows:
      if (attribute.pValue == nullptr) return give_octets(attribute, "?");
      attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
      return CKR_BUFFER_TOO_SMALL;
  }
  return CKR_OK;
}

CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                          CK_ATTRIBUTE* attributes, CK_ULONG count) {
  if (faults->current().token.attributes.empty())
    return below.C_GetAttributeValue(session, object, attributes, count);
  CK_RV result = CKR_OK;
  // One by one, so that the attributes that are told truly do not suffer from the others.
  for (auto& attribute : std::span(attributes, count)) {
    const auto* row = row_for(session, object, attribute.type);
    CK_RV rv = CKR_OK;
    if (row == nullptr || row->kind == AttributeFault::Kind::length)
      rv = below.C_GetAttributeValue(session, object, &attribute, 1);
    if (row != nullptr && (rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID))
      rv = falsify(*row, attribute);
    if (rv != CKR_OK) result = rv;
  }
  return result;
}

void set_text(CK_UTF8CHAR* field, std::size_t size, const char* name) {
  const auto& texts = faults->current().token.texts;
  const auto found = texts.find(name);
  if (found == texts.end()) return;
  std::memset(field, ' ', size);
  std::memcpy(field, found->second.data(), std::min(size, found->second.size()));
}

CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  const auto rv = below.C_GetTokenInfo(slot, info);
  if (rv != CKR_OK) return rv;
  set_text(info->label, sizeof info->label, "label");
  set_text(info->manufacturerID, sizeof info->manufacturerID, "manufacturer");
  set_text(info->model, sizeof info->model, "model");
  set_text(info->serialNumber, sizeof info->serialNumber, "serial");
  return rv;
}

}  // namespace

CK_FUNCTION_LIST answer_layer(const CK_FUNCTION_LIST& under, const FaultTable& table) {
  below = under;
  faults = &table;
  auto list = under;
  list.C_Sign = sign;
  list.C_Decrypt = decrypt;
  list.C_WrapKey = wrap_key;
  list.C_GetSlotList = get_slot_list;
  list.C_GetMechanismList = get_mechanism_list;
  list.C_FindObjectsInit = find_objects_init;
  list.C_FindObjects = find_objects;
  list.C_GetAttributeValue = get_attribute_value;
  list.C_GetTokenInfo = get_token_info;
  return list;
}

}  // namespace keystore::testing
