#include <fmt/format.h>

#include "backends/pkcs11/described_object.h"
#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/error.h"
#include "backends/pkcs11/new_object.h"
#include "backends/pkcs11/store.h"

namespace keystore::pkcs11 {
namespace {

Result<void> destroy(const Session& session, CK_OBJECT_HANDLE handle, const Entry& entry) {
  const auto rv = session.call(function::destroy_object, handle);
  if (rv == CKR_OK) return {};
  return Failure(
      error_from_rv(rv, "C_DestroyObject", fmt::format("cannot remove {}", entry.uri.canonical())));
}

}  // namespace

Result<void> TokenStore::remove(const Entry& entry) {
  auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto& session = *open->session;
  const auto object_class = class_of(entry.kind);
  const auto found = find_described(session, object_class, entry);
  if (!found) return Failure(found.error());
  if (found->empty())
    return fail(Errc::not_found, fmt::format("{} is not there", entry.uri.canonical()));
  if (found->size() > 1) {
    return fail(Errc::ambiguous,
                fmt::format("{} objects are {}", found->size(), entry.uri.canonical()));
  }
  std::vector<CK_OBJECT_HANDLE> public_keys;
  // Its public key object, looked for while both are there.
  if (entry.kind == EntryKind::private_key && entry.public_key) {
    auto others = find_described(session, CKO_PUBLIC_KEY, entry);
    if (!others) return Failure(others.error());
    public_keys = std::move(*others);
  }
  if (auto done = destroy(session, found->front(), entry); !done) return done;
  auto& token = open->linked.link->token();
  if (const auto reading = token.idle_session()) {
    token.copies().drop_copy_of(**reading, found->front());
  }
  for (const auto handle : public_keys) {
    if (auto done = destroy(session, handle, entry); !done) return done;
  }
  return {};
}

}  // namespace keystore::pkcs11
