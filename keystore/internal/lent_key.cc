#include "keystore/internal/lent_key.h"

namespace keystore {
namespace {

thread_local std::optional<Key> lent;

}  // namespace

void lend_key(const Key& key) { lent = key; }

void end_lending() noexcept { lent.reset(); }

Result<std::string> reference_for_lending(const Key& key) {
  if (!key.public_key()) {
    return fail(Errc::unsupported,
                "key " + key.uri().canonical() + " shows no public half, which OpenSSL needs",
                "store its public key or its certificate beside it, with the same id");
  }
  // A URI that references may hold, and that no configuration has.
  const auto uri = Uri::parse("keystore:%20lent%20by%20this%20process");
  if (!uri) return Failure(uri.error());
  return Reference::to_key(*uri, key).to_pem();
}

std::optional<Key> lent_key(const Reference& reference) {
  if (lent && reference.public_key && lent->public_key() == reference.public_key) return lent;
  return std::nullopt;
}

}  // namespace keystore
