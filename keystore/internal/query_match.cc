#include "keystore/internal/query_match.h"

namespace keystore {

bool has_public_key(const Entry& entry, const PublicKey& public_key) {
  if (entry.public_key) return *entry.public_key == public_key;
  if (!entry.certificate) return false;
  const auto own = entry.certificate->public_key();
  return own && *own == public_key;
}

bool matches(const Query& query, const Entry& entry) {
  return may_match(query, entry) && (!query.public_key || has_public_key(entry, *query.public_key));
}

bool may_match(const Query& query, const Entry& entry) {
  if (query.kind && *query.kind != entry.kind) return false;
  if (query.label && *query.label != entry.label) return false;
  if (query.id && *query.id != entry.id) return false;
  return !query.public_key || (!entry.public_key && !entry.certificate) ||
         has_public_key(entry, *query.public_key);
}

}  // namespace keystore
