#include "backends/pkcs11/session_copies.h"

#include <algorithm>

#include "backends/pkcs11/template.h"

// No lock is held while a call is inside the module.
namespace keystore::pkcs11 {

CK_OBJECT_HANDLE SessionCopies::copy_of(const Session& session, CK_OBJECT_HANDLE original,
                                        std::uint64_t epoch) {
  Copies outdated;
  {
    const std::scoped_lock lock(mutex_);
    if (epoch_ != epoch) outdated.swap(copies_);
    epoch_ = epoch;
    if (const auto known = copies_.find(original); known != copies_.end())
      return known->second.handle;
  }
  for (const auto& [_, copy] : outdated) destroy(session, copy);
  Template changed;
  changed.flag(CKA_TOKEN, false).text(CKA_LABEL, "").octets(CKA_ID, {});
  Copy copy{.initialisation = session.initialisation()};
  const auto rv =
      session.call(function::copy_object, original, changed.data(), changed.size(), &copy.handle);
  if (rv != CKR_OK) return original;
  auto kept = copy.handle;
  {
    const std::scoped_lock lock(mutex_);
    if (epoch_ == epoch) kept = copies_.try_emplace(original, copy).first->second.handle;
  }
  if (kept != copy.handle) destroy(session, copy);  // another thread was faster
  return kept;
}

void SessionCopies::drop(const Session& session, CK_OBJECT_HANDLE copy) {
  drop_if(session, [&](const auto& row) { return row.second.handle == copy; });
}

void SessionCopies::drop_copy_of(const Session& session, CK_OBJECT_HANDLE original) {
  drop_if(session, [&](const auto& row) { return row.first == original; });
}

// What is not destroyed goes with its session.
void SessionCopies::destroy(const Session& session, const Copy& copy) {
  const bool same_life = session.initialisation() == copy.initialisation;
  if (same_life && session.access() == Access::read)
    session.call(function::destroy_object, copy.handle);
}

template <class Choice>
void SessionCopies::drop_if(const Session& session, const Choice& choice) {
  Copies::node_type taken;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find_if(copies_, choice);
    if (found != copies_.end()) taken = copies_.extract(found);
  }
  if (!taken.empty()) destroy(session, taken.mapped());
}

}  // namespace keystore::pkcs11
