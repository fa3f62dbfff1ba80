#include "keystore/store.h"

#include <algorithm>
#include <set>
#include <span>

#include "keystore/internal/chain.h"
#include "keystore/internal/narrowed_store.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/policy.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore {
namespace {

Failure none_found(const Uri& store, std::string_view what, const std::vector<Error>& skipped) {
  // What could not be read is most likely what was asked for.
  if (skipped.size() == 1) return Failure(skipped.front());
  auto message = "no " + std::string(what) + " in '" + store.canonical() + "'";
  if (!skipped.empty())
    message += "; " + std::to_string(skipped.size()) + " objects were unreadable";
  return fail(Errc::not_found, std::move(message));
}

/// Of thousands that are there, the first few are enough to see what is ambiguous.
template <class T>
Failure several_found(const Uri& store, std::string_view what, const std::vector<T>& found,
                      const Uri& (*uri_of)(const T&)) {
  constexpr std::size_t most = 10;
  std::string list;
  for (const auto& each : std::span(found).first(std::min(most, found.size()))) {
    list += (list.empty() ? "" : ", ") + uri_of(each).canonical();
  }
  if (found.size() > most) list += " and " + std::to_string(found.size() - most) + " more";
  return fail(Errc::ambiguous,
              std::to_string(found.size()) + " " + std::string(what) + " in '" + store.canonical() +
                  "': " + list,
              "name one of them by its URI");
}

bool certificate_for(const Entry& entry, const PublicKey& key) {
  const auto own = entry.certificate->public_key();
  return own && same_public_key(*own, key);
}

/// The same certificate twice is one.
std::vector<Entry> without_doubles(std::vector<Entry> entries) {
  std::set<Bytes> known;
  std::erase_if(entries,
                [&](const Entry& entry) { return !known.insert(entry.certificate->der()).second; });
  return entries;
}

/// Those of `entries` that `belongs` keeps.
template <class Belongs>
std::vector<Entry> only(std::vector<Entry> entries, Belongs belongs) {
  std::erase_if(entries, [&](const Entry& entry) { return !belongs(entry); });
  return entries;
}

bool same_id(const Entry& entry, const Key& key) {
  return !entry.id.empty() && entry.id == key.id();
}

/// Among several certificates of one key, those that carry its id, else its label.
std::vector<Entry> narrowed(const Key& key, std::vector<Entry> leaves) {
  if (leaves.size() < 2) return leaves;
  auto with_id = only(leaves, [&](const Entry& e) { return same_id(e, key); });
  if (with_id.size() == 1) return with_id;
  auto same_label =
      only(leaves, [&](const Entry& e) { return !e.label.empty() && e.label == key.label(); });
  return same_label.size() == 1 ? same_label : leaves;
}

/// Whether there is one certificate that is most likely meant as the leaf.
bool is_one_leaf(const std::vector<Entry>& certificates) {
  const auto leaves = only(certificates, [](const Entry& e) { return !e.certificate->is_ca(); });
  return certificates.size() == 1 || leaves.size() == 1;
}

/// The certificates of `found` that are for `key`: its own, or the same id where it shows no public
/// half.
std::vector<Entry> leaves_for(const Key& key, const std::vector<Entry>& certificates) {
  const auto& public_key = key.public_key();
  if (!public_key) return only(certificates, [&](const Entry& e) { return same_id(e, key); });
  return narrowed(
      key, only(certificates, [&](const Entry& e) { return certificate_for(e, *public_key); }));
}

/// Whether a certificate here looks as if it was meant for `key`.
bool is_mismatch(const Key& key, const std::vector<Entry>& certificates) {
  const bool named =
      std::ranges::any_of(certificates, [&](const Entry& e) { return same_id(e, key); });
  return named || (key.public_key() && is_one_leaf(certificates));
}

/// Every certificate of a store, each once.
Result<Listing<Entry>> certificates_of(Result<Listing<Entry>> found) {
  if (!found) return found;
  std::erase_if(found->items, [](const Entry& entry) { return !entry.certificate; });
  found->items = without_doubles(std::move(found->items));
  return found;
}

std::vector<Certificate> chain_among(const Certificate& leaf, const std::vector<Entry>& entries) {
  std::vector<Certificate> candidates;
  for (const auto& entry : entries) candidates.push_back(*entry.certificate);
  return build_chain(leaf, candidates);
}

}  // namespace

Store::Store(Uri uri, std::shared_ptr<StoreBackend> backend, PolicyConfig policy)
    : uri_(std::move(uri)), backend_(std::move(backend)), policy_(std::move(policy)) {}

// Backends may run foreign code that leaves errors in OpenSSL's queue: the caller's stays as it
// was.

Result<Listing<Entry>> Store::find_entries(const Query& query) const {
  const OpensslErrorMark mark;
  return backend_->find_entries(query);
}

Result<Listing<Certificate>> Store::find_certificates(const Query& query) const {
  auto narrowed_query = query;
  if (!narrowed_query.kind) narrowed_query.kind = EntryKind::certificate;
  auto entries = find_entries(narrowed_query);
  if (!entries) return Failure(entries.error());
  Listing<Certificate> found{.skipped = std::move(entries->skipped)};
  for (auto& entry : entries->items) {
    if (entry.certificate) found.items.push_back(*std::move(entry.certificate));
  }
  return found;
}

Result<Listing<Key>> Store::find_keys(const Query& query) const {
  const OpensslErrorMark mark;
  auto keys = backend_->find_keys(query);
  if (!keys) return keys;
  Listing<Key> usable{.skipped = std::move(keys->skipped)};
  for (auto& key : keys->items) {
    if (auto allowed = check_policy(policy_, key.entry()); !allowed) {
      usable.skipped.push_back(allowed.error());
    } else {
      usable.items.push_back(std::move(key));
    }
  }
  return usable;
}

Result<Key> Store::key(const Query& query) const {
  const OpensslErrorMark mark;
  auto keys = backend_->find_keys(query);
  if (!keys) return Failure(keys.error());
  if (keys->items.empty()) return none_found(uri_, "private key", keys->skipped);
  if (keys->items.size() > 1) {
    return several_found<Key>(uri_, "private keys", keys->items,
                              [](const Key& key) -> const Uri& { return key.uri(); });
  }
  auto& key = keys->items.front();
  if (auto allowed = check_policy(policy_, key.entry()); !allowed) return Failure(allowed.error());
  return std::move(key);
}

Result<Identity> Store::identity(const Query& query) const {
  auto key = this->key(query);
  if (!key) return Failure(key.error());
  return identity_of(*std::move(key));
}

Result<Identity> Store::identity_of(Key key) const {
  const OpensslErrorMark mark;
  auto beside = certificates_of(backend_->find_entries({.kind = EntryKind::certificate}));
  if (!beside) return Failure(beside.error());
  auto leaves = leaves_for(key, beside->items);
  const bool mismatch = leaves.empty() && is_mismatch(key, beside->items);
  const bool complete = leaves.size() == 1 && leaves.front().certificate->self_issued();
  const auto* narrow = dynamic_cast<const NarrowedStore*>(backend_.get());
  if (narrow != nullptr && !mismatch && !complete) {
    beside = certificates_of(narrow->find_around({.kind = EntryKind::certificate}));
    if (!beside) return Failure(beside.error());
    if (leaves.empty()) leaves = leaves_for(key, beside->items);
  }
  const auto name = "key '" + key.uri().canonical() + "'";
  if (mismatch) {
    return fail(Errc::key_mismatch,
                "the certificate in '" + uri_.canonical() + "' is not for " + name);
  }
  if (leaves.empty()) return none_found(uri_, "certificate for " + name, beside->skipped);
  if (leaves.size() > 1) {
    return several_found<Entry>(uri_, "certificates of " + name, leaves,
                                [](const Entry& e) -> const Uri& { return e.uri; });
  }
  auto chain = chain_among(*leaves.front().certificate, beside->items);
  return Identity::create(std::move(key), *std::move(leaves.front().certificate), std::move(chain));
}

}  // namespace keystore
