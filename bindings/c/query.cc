#include "bindings/c/query.h"

#include "bindings/c/guard.h"

namespace keystore::c {
namespace {

constexpr ks_query everything = KS_QUERY_INIT;

}  // namespace

Query query_of(const ks_query* given) {
  const auto query = read_sized(given, everything, "query");
  Query made;
  if (query.kind < KS_KIND_ANY || query.kind > KS_KIND_SECRET_KEY) {
    raise(Errc::invalid_argument, "the query has no known kind, but " + std::to_string(query.kind));
  }
  if (query.kind != KS_KIND_ANY) made.kind = static_cast<EntryKind>(query.kind - 1);
  if (query.label != nullptr) made.label = query.label;
  if (query.id != nullptr) made.id = Bytes(query.id, query.id + query.id_size);
  if (query.public_key != nullptr) {
    made.public_key = take(PublicKey::parse({query.public_key, query.public_key_size}));
  }
  return made;
}

}  // namespace keystore::c
