#pragma once

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
  Object(CK_OBJECT_HANDLE object_handle, CK_OBJECT_CLASS its_class)
      : handle(object_handle), object_class(its_class) {}

  CK_OBJECT_HANDLE handle;
  CK_OBJECT_CLASS object_class;

  /// Empty where the token does not show it. Borrowed from this object.
  BytesView octets(CK_ATTRIBUTE_TYPE type) const noexcept;
  std::string text(CK_ATTRIBUTE_TYPE type) const;
  std::optional<CK_ULONG> number(CK_ATTRIBUTE_TYPE type) const noexcept;
  std::optional<bool> flag(CK_ATTRIBUTE_TYPE type) const noexcept;
  std::optional<std::vector<CK_MECHANISM_TYPE>> mechanisms(CK_ATTRIBUTE_TYPE type) const;

  void add(CK_ATTRIBUTE_TYPE type, BytesView value);
  /// The same handle, and every attribute is shown with the same value.
  bool operator==(const Object&) const = default;

 private:
  struct Place {
    CK_ATTRIBUTE_TYPE type = 0;
    std::size_t start = 0;
    std::size_t size = 0;
    bool operator==(const Place&) const = default;
  };

  std::vector<Place> places_;
  Bytes values_;  ///< one after the other: tokens have thousands of objects
};

/// The handles of all objects that fit, in batches until the token has no more. Errors: of the
/// calls, with their return value as cause; malformed for a token that says what cannot be.
Result<std::vector<CK_OBJECT_HANDLE>> find_objects(const Session& session, Template& wanted);

/// What we want to know about an object of this class: one C_GetAttributeValue, a second where
/// something is unusually long. Never asks for the value of a key. Errors: of the call.
Result<Object> read_object(const Session& session, CK_OBJECT_HANDLE handle,
                           CK_OBJECT_CLASS object_class);
/// As above, where the class is not known: a certificate takes a second call.
Result<Object> read_object(const Session& session, CK_OBJECT_HANDLE handle);

}  // namespace keystore::pkcs11
