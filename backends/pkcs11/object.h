#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/pkcs11/session.h"
#include "backends/pkcs11/template.h"
#include "keystore/bytes.h"
#include "keystore/result.h"

namespace keystore::pkcs11 {

/// An object of a token with the attributes that its class has and the token shows.
struct Object {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_OBJECT_CLASS object_class = CKO_DATA;
  std::map<CK_ATTRIBUTE_TYPE, Bytes> attributes = {};

  /// Empty where the token does not show it.
  BytesView octets(CK_ATTRIBUTE_TYPE type) const;
  std::string text(CK_ATTRIBUTE_TYPE type) const;
  std::optional<CK_ULONG> number(CK_ATTRIBUTE_TYPE type) const;
  std::optional<bool> flag(CK_ATTRIBUTE_TYPE type) const;
};

/// The handles of all objects that fit, in batches until the token has no more. Errors: of the
/// calls, with their return value as cause.
Result<std::vector<CK_OBJECT_HANDLE>> find_objects(const Session& session, Template& wanted);

/// What we want to know about an object of this class: one C_GetAttributeValue, a second where
/// something is unusually long. Never asks for the value of a key.
Result<Object> read_object(const Session& session, CK_OBJECT_HANDLE handle,
                           CK_OBJECT_CLASS object_class);

}  // namespace keystore::pkcs11
