#include "backends/identity/store.h"

#include <algorithm>

#include "keystore/internal/chain.h"

namespace keystore::identity {
namespace {

bool wants(const Query& query, EntryKind kind) { return !query.kind || *query.kind == kind; }
Query with_kind(Query query, EntryKind kind);
void append(Listing<Entry>& found, Result<Listing<Entry>> more);
bool belongs_to(const Entry& certificate, const Entry& key);

}  // namespace

Result<Listing<Entry>> IdentityStore::find_entries(const Query& query) const {
  Listing<Entry> found;
  if (wants(query, EntryKind::private_key)) {
    auto keys = keys_.find_entries(with_kind(query, EntryKind::private_key));
    if (!keys) return keys;
    found = std::move(*keys);
  }
  // A chain that cannot be read does not hide the key.
  if (wants(query, EntryKind::certificate)) append(found, find_chain(query));
  return found;
}

Result<Listing<Entry>> IdentityStore::find_chain(const Query& query) const {
  auto found = chain_.find_entries(with_kind(query, EntryKind::certificate));
  if (!found || !shared_) return found;
  const auto own = own_certificates();
  if (!own) return Failure(own.error());
  std::erase_if(found->items, [&](const Entry& entry) {
    return !entry.certificate || std::ranges::find(*own, *entry.certificate) == own->end();
  });
  return found;
}

Result<std::vector<Certificate>> IdentityStore::own_certificates() const {
  const auto keys = keys_.find_entries({.kind = EntryKind::private_key});
  if (!keys) return Failure(keys.error());
  const auto all = chain_.find_entries({.kind = EntryKind::certificate});
  if (!all) return Failure(all.error());
  std::vector<Certificate> candidates;
  for (const auto& entry : all->items) {
    if (entry.certificate) candidates.push_back(*entry.certificate);
  }
  std::vector<Certificate> own;
  for (const auto& entry : all->items) {
    const bool leaf = entry.certificate && std::ranges::any_of(keys->items, [&](const Entry& key) {
                        return belongs_to(entry, key);
                      });
    if (!leaf) continue;
    own.push_back(*entry.certificate);
    for (auto& issuer : build_chain(*entry.certificate, candidates)) own.push_back(issuer);
  }
  return own;
}

namespace {

Query with_kind(Query query, EntryKind kind) {
  query.kind = kind;
  return query;
}

void append(Listing<Entry>& found, Result<Listing<Entry>> more) {
  if (!more) {
    found.skipped.push_back(more.error());
    return;
  }
  std::ranges::move(more->items, std::back_inserter(found.items));
  std::ranges::move(more->skipped, std::back_inserter(found.skipped));
}

bool belongs_to(const Entry& certificate, const Entry& key) {
  if (!key.public_key) return !key.id.empty() && certificate.id == key.id;
  const auto own = certificate.certificate->public_key();
  return own && *own == *key.public_key;
}

}  // namespace
}  // namespace keystore::identity
