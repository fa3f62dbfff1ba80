#include "backends/pkcs11/object.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <span>

#include "backends/pkcs11/error.h"

namespace keystore::pkcs11 {
namespace {

/// An attribute that we read, and the room it usually needs.
struct Wanted {
  CK_ATTRIBUTE_TYPE type = 0;
  std::size_t room = 0;
};

constexpr std::array private_key_attributes = {
    Wanted{CKA_LABEL, 256},
    Wanted{CKA_ID, 256},
    Wanted{CKA_KEY_TYPE, 8},
    Wanted{CKA_MODULUS, 1024},
    Wanted{CKA_PUBLIC_EXPONENT, 16},
    Wanted{CKA_EC_PARAMS, 512},
    Wanted{CKA_SENSITIVE, 1},
    Wanted{CKA_EXTRACTABLE, 1},
    Wanted{CKA_SIGN, 1},
    Wanted{CKA_DECRYPT, 1},
    Wanted{CKA_DERIVE, 1},
    Wanted{CKA_UNWRAP, 1},
    Wanted{CKA_ALWAYS_AUTHENTICATE, 1},
    Wanted{CKA_ALWAYS_SENSITIVE, 1},
    Wanted{CKA_NEVER_EXTRACTABLE, 1},
    Wanted{CKA_LOCAL, 1},
    Wanted{CKA_WRAP_WITH_TRUSTED, 1},
    Wanted{CKA_PUBLIC_KEY_INFO, 2048},
};
constexpr std::array public_key_attributes = {
    Wanted{CKA_LABEL, 256},          Wanted{CKA_ID, 256},
    Wanted{CKA_KEY_TYPE, 8},         Wanted{CKA_MODULUS, 1024},
    Wanted{CKA_PUBLIC_EXPONENT, 16}, Wanted{CKA_EC_PARAMS, 512},
    Wanted{CKA_EC_POINT, 256},       Wanted{CKA_LOCAL, 1},
};
constexpr std::array certificate_attributes = {Wanted{CKA_LABEL, 256}, Wanted{CKA_ID, 256},
                                               Wanted{CKA_VALUE, 4096}, Wanted{CKA_TRUSTED, 1}};
constexpr std::array secret_key_attributes = {Wanted{CKA_LABEL, 256},     Wanted{CKA_ID, 256},
                                              Wanted{CKA_KEY_TYPE, 8},    Wanted{CKA_SENSITIVE, 1},
                                              Wanted{CKA_EXTRACTABLE, 1}, Wanted{CKA_VALUE_LEN, 8},
                                              Wanted{CKA_WRAP, 1},        Wanted{CKA_UNWRAP, 1},
                                              Wanted{CKA_TRUSTED, 1}};

constexpr std::size_t more_room = 16;  ///< times, for the second try

std::span<const Wanted> attributes_of(CK_OBJECT_CLASS object_class) {
  switch (object_class) {
    case CKO_PRIVATE_KEY:
      return private_key_attributes;
    case CKO_PUBLIC_KEY:
      return public_key_attributes;
    case CKO_CERTIFICATE:
      return certificate_attributes;
    default:
      return secret_key_attributes;
  }
}

/// Return values that leave the attributes that could be read readable (PKCS#11 2.40,
/// C_GetAttributeValue).
bool partly_fine(CK_RV rv) {
  return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID;
}

CK_RV read_attributes(const Session& session, Object& object, std::span<const Wanted> wanted,
                      std::size_t times) {
  std::size_t total = 0;
  for (const auto& one : wanted) total += one.room * times;
  Bytes buffer(total);
  std::vector<CK_ATTRIBUTE> attributes;
  auto* place = buffer.data();
  for (const auto& one : wanted) {
    attributes.push_back({one.type, place, one.room * times});
    place += one.room * times;
  }
  const auto rv = session.call(function::get_attribute_value, object.handle, attributes.data(),
                               CK_ULONG{attributes.size()});
  if (!partly_fine(rv)) return rv;
  const auto* value = buffer.data();
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const auto room = wanted[i].room * times;
    const auto size = attributes[i].ulValueLen;
    if (size != CK_UNAVAILABLE_INFORMATION) {
      if (size > room) return CKR_BUFFER_TOO_SMALL;
      object.attributes[wanted[i].type] = Bytes(value, value + size);
    }
    value += room;
  }
  return CKR_OK;
}

/// For errors: the object's label, or its handle where even that cannot be read.
std::string name_of(const Session& session, const Object& object) {
  std::array<char, 256> label = {};
  CK_ATTRIBUTE asked = {CKA_LABEL, label.data(), label.size()};
  const auto rv = session.call(function::get_attribute_value, object.handle, &asked, CK_ULONG{1});
  const bool has_label = rv == CKR_OK && asked.ulValueLen != 0 && asked.ulValueLen <= label.size();
  return has_label ? fmt::format("object '{}'", std::string_view(label.data(), asked.ulValueLen))
                   : fmt::format("object with handle {}", object.handle);
}

/// Whether a token that has given `found` in batches of `size` begins once more.
bool starts_a_batch(CK_OBJECT_HANDLE handle, const std::vector<CK_OBJECT_HANDLE>& found,
                    std::size_t size) {
  for (std::size_t i = 0; i < found.size(); i += size) {
    if (found[i] == handle) return true;
  }
  return false;
}

}  // namespace

BytesView Object::octets(CK_ATTRIBUTE_TYPE type) const {
  const auto found = attributes.find(type);
  return found == attributes.end() ? BytesView() : BytesView(found->second);
}

std::string Object::text(CK_ATTRIBUTE_TYPE type) const {
  return std::string(as_text(octets(type)));
}

std::optional<CK_ULONG> Object::number(CK_ATTRIBUTE_TYPE type) const {
  const auto value = octets(type);
  CK_ULONG number = 0;
  if (value.size() != sizeof number) return std::nullopt;
  std::memcpy(&number, value.data(), sizeof number);
  return number;
}

std::optional<bool> Object::flag(CK_ATTRIBUTE_TYPE type) const {
  const auto value = octets(type);
  if (value.size() != 1) return std::nullopt;
  return value[0] != CK_FALSE;
}

Result<std::vector<CK_OBJECT_HANDLE>> find_objects(const Session& session, Template& wanted) {
  constexpr std::string_view action = "cannot search the token";
  auto rv = session.call(function::find_objects_init, wanted.data(), wanted.size());
  if (rv != CKR_OK) return Failure(error_from_rv(rv, "C_FindObjectsInit", action));
  std::vector<CK_OBJECT_HANDLE> found;
  std::array<CK_OBJECT_HANDLE, 256> batch = {};
  CK_ULONG count = batch.size();
  std::string nonsense;
  while (rv == CKR_OK && count == batch.size()) {
    rv = session.call(function::find_objects, batch.data(), CK_ULONG{batch.size()}, &count);
    if (rv != CKR_OK) break;
    if (count > batch.size()) {
      nonsense = fmt::format("{} objects where {} were asked for", count, batch.size());
    } else if (count != 0 && starts_a_batch(batch.front(), found, batch.size())) {
      nonsense = "the same objects again and again";
    }
    if (!nonsense.empty()) break;
    found.insert(found.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
  }
  session.call(function::find_objects_final);
  if (rv != CKR_OK) return Failure(error_from_rv(rv, "C_FindObjects", action));
  if (!nonsense.empty()) return Failure(error_from_nonsense("C_FindObjects", action, nonsense));
  return found;
}

Result<Object> read_object(const Session& session, CK_OBJECT_HANDLE handle,
                           CK_OBJECT_CLASS object_class) {
  Object object{.handle = handle, .object_class = object_class};
  const auto wanted = attributes_of(object_class);
  auto rv = read_attributes(session, object, wanted, 1);
  if (rv == CKR_BUFFER_TOO_SMALL) rv = read_attributes(session, object, wanted, more_room);
  if (rv == CKR_OK) return object;
  const auto action = fmt::format("cannot read {}", name_of(session, object));
  if (rv == CKR_BUFFER_TOO_SMALL) {
    return Failure(error_from_nonsense("C_GetAttributeValue", action, "an attribute without end"));
  }
  return Failure(error_from_rv(rv, "C_GetAttributeValue", action));
}

}  // namespace keystore::pkcs11
