#include "backends/pkcs11/object.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <span>

#include "backends/pkcs11/error.h"

namespace keystore::pkcs11 {
namespace {

/// Classes that have an attribute.
enum Classes : unsigned { private_key = 1, public_key = 2, certificate = 4, secret_key = 8 };
constexpr unsigned keys = private_key | public_key | secret_key;
constexpr unsigned halves = private_key | public_key;
constexpr unsigned hidden = private_key | secret_key;
constexpr unsigned all = keys | certificate;

/// An attribute that we read, the room it usually needs, and whose it is.
struct Row {
  CK_ATTRIBUTE_TYPE type = 0;
  std::size_t room = 0;
  unsigned classes = 0;
};

// What every token has comes first.
constexpr std::array rows = {
    Row{CKA_LABEL, 256, all},
    Row{CKA_ID, 256, all},
    Row{CKA_KEY_TYPE, sizeof(CK_ULONG), keys},
    Row{CKA_SENSITIVE, 1, hidden},
    Row{CKA_EXTRACTABLE, 1, hidden},
    Row{CKA_SIGN, 1, private_key},
    Row{CKA_DECRYPT, 1, private_key},
    Row{CKA_DERIVE, 1, private_key},
    Row{CKA_WRAP, 1, secret_key},
    Row{CKA_UNWRAP, 1, hidden},
    Row{CKA_LOCAL, 1, halves},
    Row{CKA_MODULUS, 1024, halves},
    Row{CKA_PUBLIC_EXPONENT, 16, halves},
    Row{CKA_EC_PARAMS, 512, halves},
    Row{CKA_EC_POINT, 256, public_key},
    Row{CKA_VALUE_LEN, sizeof(CK_ULONG), secret_key},
    Row{CKA_ALWAYS_SENSITIVE, 1, private_key},
    Row{CKA_NEVER_EXTRACTABLE, 1, private_key},
    Row{CKA_ALWAYS_AUTHENTICATE, 1, private_key},
    Row{CKA_WRAP_WITH_TRUSTED, 1, private_key},
    Row{CKA_TRUSTED, 1, certificate | secret_key},
    Row{CKA_PUBLIC_KEY_INFO, 2048, private_key},
    Row{CKA_ALLOWED_MECHANISMS, 64 * sizeof(CK_MECHANISM_TYPE), private_key},
};
// Of a certificate only: the same attribute of a key is its secret.
constexpr Row certificate_value = {CKA_VALUE, 4096, certificate};

constexpr std::size_t more_room = 16;  ///< times, for the second try
constexpr std::string_view no_search = "cannot search the token";

unsigned as_flag(CK_OBJECT_CLASS object_class) {
  switch (object_class) {
    case CKO_PRIVATE_KEY:
      return private_key;
    case CKO_PUBLIC_KEY:
      return public_key;
    case CKO_CERTIFICATE:
      return certificate;
    case CKO_SECRET_KEY:
      return secret_key;
    default:
      return 0;
  }
}

std::vector<Row> rows_of(unsigned classes) {
  std::vector<Row> result;
  std::ranges::copy_if(rows, std::back_inserter(result),
                       [&](const Row& row) { return (row.classes & classes) != 0; });
  return result;
}

/// Return values that leave the attributes that could be read readable (PKCS#11 2.40,
/// C_GetAttributeValue).
bool partly_fine(CK_RV rv) {
  return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID;
}

/// Calls `found(row, value)` for every attribute that the token shows, if all have room.
template <class Found>
CK_RV read_attributes(const Session& session, CK_OBJECT_HANDLE handle, std::span<const Row> wanted,
                      std::size_t times, const Found& found) {
  std::size_t total = 0;
  for (const auto& row : wanted) total += row.room * times;
  Bytes buffer(total);
  std::vector<CK_ATTRIBUTE> attributes;
  attributes.reserve(wanted.size());
  auto* place = buffer.data();
  for (const auto& row : wanted) {
    attributes.push_back({row.type, place, row.room * times});
    place += row.room * times;
  }
  const auto rv = session.call(function::get_attribute_value, handle, attributes.data(),
                               CK_ULONG{attributes.size()});
  if (!partly_fine(rv)) return rv;
  const auto shown = [&](std::size_t i) {
    return attributes[i].ulValueLen != CK_UNAVAILABLE_INFORMATION;
  };
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (shown(i) && attributes[i].ulValueLen > wanted[i].room * times) return CKR_BUFFER_TOO_SMALL;
  }
  const auto* value = buffer.data();
  for (std::size_t i = 0; i < wanted.size(); value += wanted[i].room * times, ++i) {
    if (shown(i)) found(wanted[i], BytesView(value, attributes[i].ulValueLen));
  }
  return CKR_OK;
}

/// For errors: the object's label, or its handle where even that cannot be read.
std::string name_of(const Session& session, CK_OBJECT_HANDLE handle) {
  std::array<char, 256> label = {};
  CK_ATTRIBUTE asked = {CKA_LABEL, label.data(), label.size()};
  const auto rv = session.call(function::get_attribute_value, handle, &asked, CK_ULONG{1});
  const bool has_label = rv == CKR_OK && asked.ulValueLen != 0 && asked.ulValueLen <= label.size();
  return has_label ? fmt::format("object '{}'", std::string_view(label.data(), asked.ulValueLen))
                   : fmt::format("object with handle {}", handle);
}

template <class Found>
Result<void> read_attributes(const Session& session, CK_OBJECT_HANDLE handle,
                             std::span<const Row> wanted, const Found& found) {
  constexpr const char* call = "C_GetAttributeValue";
  auto rv = read_attributes(session, handle, wanted, 1, found);
  if (rv == CKR_BUFFER_TOO_SMALL) rv = read_attributes(session, handle, wanted, more_room, found);
  if (rv == CKR_OK) return {};
  const auto action = fmt::format("cannot read {}", name_of(session, handle));
  if (rv == CKR_BUFFER_TOO_SMALL) {
    return Failure(error_from_nonsense(call, action, "an attribute without end"));
  }
  return Failure(error_from_rv(rv, call, action));
}

Error nonsense(const Session& session, CK_OBJECT_HANDLE handle, std::string_view what) {
  return error_from_nonsense("C_GetAttributeValue",
                             fmt::format("cannot read {}", name_of(session, handle)), what);
}

/// Of the standard (PKCS#11 3.2, the last is CKO_TRUST) or of a vendor.
bool is_known(CK_OBJECT_CLASS object_class) {
  constexpr CK_OBJECT_CLASS last = 0x0b;
  return object_class <= last || object_class >= CKO_VENDOR_DEFINED;
}

/// The handles that a search gives, until it gives none.
Result<void> collect(const Session& session, std::vector<CK_OBJECT_HANDLE>& found) {
  constexpr const char* call = "C_FindObjects";
  constexpr std::size_t most = 10'000'000;  // a token that never ends is no token
  std::array<CK_OBJECT_HANDLE, 1024> batch = {};
  std::set<CK_OBJECT_HANDLE> firsts;
  for (;;) {
    CK_ULONG count = 0;
    const auto rv =
        session.call(function::find_objects, batch.data(), CK_ULONG{batch.size()}, &count);
    if (rv != CKR_OK) return Failure(error_from_rv(rv, call, no_search));
    if (count == 0) return {};
    if (count > batch.size()) {
      return Failure(error_from_nonsense(
          call, no_search, fmt::format("{} objects where {} were asked for", count, batch.size())));
    }
    if (!firsts.insert(batch.front()).second || found.size() > most) {
      return Failure(error_from_nonsense(call, no_search, "the same objects again and again"));
    }
    found.insert(found.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

}  // namespace

BytesView Object::octets(CK_ATTRIBUTE_TYPE type) const noexcept {
  const auto found = std::ranges::find(places_, type, &Place::type);
  if (found == places_.end()) return {};
  return BytesView(values_).subspan(found->start, found->size);
}

std::string Object::text(CK_ATTRIBUTE_TYPE type) const {
  return std::string(as_text(octets(type)));
}

std::optional<CK_ULONG> Object::number(CK_ATTRIBUTE_TYPE type) const noexcept {
  const auto value = octets(type);
  CK_ULONG number = 0;
  if (value.size() != sizeof number) return std::nullopt;
  std::memcpy(&number, value.data(), sizeof number);
  return number;
}

std::optional<bool> Object::flag(CK_ATTRIBUTE_TYPE type) const noexcept {
  const auto value = octets(type);
  if (value.size() != 1) return std::nullopt;
  return value[0] != CK_FALSE;
}

std::optional<std::vector<CK_MECHANISM_TYPE>> Object::mechanisms(CK_ATTRIBUTE_TYPE type) const {
  const auto value = octets(type);
  if (value.empty() || value.size() % sizeof(CK_MECHANISM_TYPE) != 0) return std::nullopt;
  std::vector<CK_MECHANISM_TYPE> mechanisms(value.size() / sizeof(CK_MECHANISM_TYPE));
  std::memcpy(mechanisms.data(), value.data(), value.size());
  return mechanisms;
}

void Object::add(CK_ATTRIBUTE_TYPE type, BytesView value) {
  if (value.empty()) return;  // as if it was not there
  places_.push_back({type, values_.size(), value.size()});
  values_.insert(values_.end(), value.begin(), value.end());
}

Result<std::vector<CK_OBJECT_HANDLE>> find_objects(const Session& session, Template& wanted) {
  const auto rv = session.call(function::find_objects_init, wanted.data(), wanted.size());
  if (rv != CKR_OK) return Failure(error_from_rv(rv, "C_FindObjectsInit", no_search));
  std::vector<CK_OBJECT_HANDLE> found;
  auto done = collect(session, found);
  session.call(function::find_objects_final);
  if (!done) return Failure(done.error());
  return found;
}

Result<Object> read_object(const Session& session, CK_OBJECT_HANDLE handle,
                           CK_OBJECT_CLASS object_class) {
  Object object(handle, object_class);
  auto wanted = rows_of(as_flag(object_class));
  if (object_class == CKO_CERTIFICATE) wanted.push_back(certificate_value);
  const auto add = [&](const Row& row, BytesView value) { object.add(row.type, value); };
  if (auto read = read_attributes(session, handle, wanted, add); !read) {
    return Failure(read.error());
  }
  return object;
}

Result<Object> read_object(const Session& session, CK_OBJECT_HANDLE handle) {
  auto wanted = rows_of(all);
  wanted.insert(wanted.begin(), Row{CKA_CLASS, sizeof(CK_ULONG), all});
  Object every(handle, CKO_DATA);
  const auto add = [&](const Row& row, BytesView value) { every.add(row.type, value); };
  if (auto read = read_attributes(session, handle, wanted, add); !read) {
    return Failure(read.error());
  }
  const auto object_class = every.number(CKA_CLASS);
  if (!object_class) return Failure(nonsense(session, handle, "an object without a class"));
  if (!is_known(*object_class)) {
    return Failure(
        nonsense(session, handle, fmt::format("an object of class {:#x}", *object_class)));
  }
  // The class decides who sees it: a key or certificate must not go unseen for a wrong one.
  if (*object_class == CKO_DATA && (every.number(CKA_KEY_TYPE) || every.flag(CKA_TRUSTED))) {
    return Failure(nonsense(session, handle, "data with a key's or certificate's attributes"));
  }
  if (*object_class == CKO_CERTIFICATE) return read_object(session, handle, CKO_CERTIFICATE);
  Object object(handle, *object_class);
  for (const auto& row : rows_of(as_flag(*object_class))) {
    object.add(row.type, every.octets(row.type));
  }
  return object;
}

}  // namespace keystore::pkcs11
