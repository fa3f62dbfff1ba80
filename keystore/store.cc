#include "keystore/store.h"

#include <algorithm>

#include "keystore/internal/chain.h"
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

template <class T>
Failure several_found(const Uri& store, std::string_view what, const std::vector<T>& found,
                      const Uri& (*uri_of)(const T&)) {
  std::string list;
  for (const auto& each : found) list += (list.empty() ? "" : ", ") + uri_of(each).canonical();
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
  std::vector<Entry> once;
  for (auto& entry : entries) {
    const bool known = std::ranges::any_of(
        once, [&](const Entry& other) { return other.certificate == entry.certificate; });
    if (!known) once.push_back(std::move(entry));
  }
  return once;
}

/// Those of `entries` that `belongs` keeps.
template <class Belongs>
std::vector<Entry> only(std::vector<Entry> entries, Belongs belongs) {
  std::erase_if(entries, [&](const Entry& entry) { return !belongs(entry); });
  return entries;
}

/// Among several certificates of one key, those that carry its id, else its label.
std::vector<Entry> narrowed(const Key& key, std::vector<Entry> leaves) {
  if (leaves.size() < 2) return leaves;
  auto same_id = only(leaves, [&](const Entry& e) { return !e.id.empty() && e.id == key.id(); });
  if (same_id.size() == 1) return same_id;
  auto same_label =
      only(leaves, [&](const Entry& e) { return !e.label.empty() && e.label == key.label(); });
  return same_label.size() == 1 ? same_label : leaves;
}

/// Whether there is one certificate that is most likely meant as the leaf.
bool is_one_leaf(const std::vector<Entry>& certificates) {
  const auto leaves = only(certificates, [](const Entry& e) { return !e.certificate->is_ca(); });
  return certificates.size() == 1 || leaves.size() == 1;
}

Result<Certificate> choose_leaf(const Uri& store, const Key& key, const Listing<Entry>& found) {
  const auto certificates = without_doubles(found.items);
  const auto with_id =
      only(certificates, [&](const Entry& e) { return !e.id.empty() && e.id == key.id(); });
  const auto& public_key = key.public_key();
  const auto leaves =
      public_key
          ? narrowed(key, only(certificates,
                               [&](const Entry& e) { return certificate_for(e, *public_key); }))
          : with_id;
  if (leaves.size() == 1) return *leaves.front().certificate;
  if (leaves.size() > 1) {
    return several_found<Entry>(store, "certificates of key '" + key.label() + "'", leaves,
                                [](const Entry& e) -> const Uri& { return e.uri; });
  }
  const bool meant = !with_id.empty() || (public_key && is_one_leaf(certificates));
  if (meant) {
    return fail(Errc::key_mismatch, "the certificate in '" + store.canonical() +
                                        "' is not for key '" + key.uri().canonical() + "'");
  }
  return none_found(store, "certificate for key '" + key.uri().canonical() + "'", found.skipped);
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
  auto entries = find_entries({.kind = EntryKind::certificate});
  if (!entries) return Failure(entries.error());
  std::erase_if(entries->items, [](const Entry& entry) { return !entry.certificate; });
  auto leaf = choose_leaf(uri_, *key, *entries);
  if (!leaf) return Failure(leaf.error());
  std::vector<Certificate> candidates;
  for (const auto& entry : entries->items) candidates.push_back(*entry.certificate);
  auto chain = build_chain(*leaf, candidates);
  return Identity::create(*std::move(key), *std::move(leaf), std::move(chain));
}

}  // namespace keystore
