#include "backends/pkcs11/described_object.h"

#include <algorithm>

#include "backends/pkcs11/public_half.h"

namespace keystore::pkcs11 {
namespace {

/// Whether the object is the one that the entry describes. Label and id are compared again: an
/// empty one was no part of the template, and a token may match loosely.
Result<bool> is_it(const Session& session, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS object_class,
                   const Entry& entry) {
  const auto object = read_object(session, handle, object_class);
  if (!object) return Failure(object.error());
  if (object->text(CKA_LABEL) != entry.label) return false;
  if (!std::ranges::equal(object->octets(CKA_ID), entry.id)) return false;
  if (entry.certificate)
    return std::ranges::equal(object->octets(CKA_VALUE), entry.certificate->der());
  if (!entry.public_key) return true;
  const auto half = object_class == CKO_PRIVATE_KEY
                        ? find_public_half(session, *object)
                        : Result<std::optional<PublicKey>>(own_public_key(*object));
  if (!half) return Failure(half.error());
  return !*half || **half == *entry.public_key;
}

}  // namespace

Result<std::vector<CK_OBJECT_HANDLE>> find_described(const Session& session,
                                                     CK_OBJECT_CLASS object_class,
                                                     const Entry& entry) {
  auto wanted = Template::on_token(object_class);
  if (!entry.label.empty()) wanted.text(CKA_LABEL, entry.label);
  if (!entry.id.empty()) wanted.octets(CKA_ID, entry.id);
  auto handles = find_objects(session, wanted);
  if (!handles) return Failure(handles.error());
  std::vector<CK_OBJECT_HANDLE> described;
  for (const auto handle : *handles) {
    const auto same = is_it(session, handle, object_class, entry);
    if (!same) return Failure(same.error());
    if (*same) described.push_back(handle);
  }
  return described;
}

}  // namespace keystore::pkcs11
