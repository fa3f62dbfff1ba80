#include "backends/pkcs11/known_keys.h"

#include "keystore/internal/per_process.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::size_t most = 1024;
constinit PerProcess<KnownKeys> process_known_keys;

bool shows_the_same(const Session& session, const Object& known) {
  const auto now = read_object(session, known.handle, known.object_class);
  return now && *now == known;
}

}  // namespace

KeyQuestion::KeyQuestion(const Uri& store, const Wanted& wanted,
                         const std::vector<const Library*>& libraries)
    : store_(store.canonical()), label_(wanted.label), id_(wanted.id), libraries_(libraries) {
  if (wanted.public_key) spki_ = wanted.public_key->spki();
}

bool KnownKey::still_there(const Session& session) const {
  const auto& half = key.half;
  return shows_the_same(session, key.object) &&
         (!half || !half->shown_by || shows_the_same(session, *half->shown_by));
}

std::shared_ptr<const KnownKey> KnownKeys::find(const KeyQuestion& question) const {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(question);
  if (found == known_.end()) return nullptr;
  return found->second->epoch == found->second->token->epoch() ? found->second : nullptr;
}

void KnownKeys::remember(const KeyQuestion& question, KnownKey key, std::uint64_t changes) {
  auto fresh = std::make_shared<const KnownKey>(std::move(key));
  const std::scoped_lock lock(mutex_);
  if (changes != changes_.load()) return;
  std::erase_if(known_,
                [](const auto& row) { return row.second->epoch != row.second->token->epoch(); });
  // Who goes through more keys than that finds none of them again in time anyway.
  if (known_.size() >= most) known_.clear();
  known_.insert_or_assign(question, std::move(fresh));
}

void KnownKeys::forget(const KeyQuestion& question) {
  const std::scoped_lock lock(mutex_);
  known_.erase(question);
}

void KnownKeys::forget_all() {
  const std::scoped_lock lock(mutex_);
  changes_.fetch_add(1);
  known_.clear();
}

KnownKeys& known_keys() { return process_known_keys.get(); }

}  // namespace keystore::pkcs11
