#pragma once

#include <optional>
#include <vector>

#include "backends/pkcs11/public_half.h"
#include "backends/pkcs11/wanted.h"
#include "keystore/entry.h"
#include "keystore/query.h"

namespace keystore::pkcs11 {

/// A private key as a listing finds it.
struct ListedKey {
  Object object;
  std::optional<PublicHalf> half = {};
};

/// The private keys that are wanted. What cannot be read is skipped by name; `token` names it.
/// Errors: of the search, and of reading where the token as a whole does not answer.
Result<Listing<ListedKey>> list_private_keys(const Session& session, const Wanted& wanted,
                                             const Uri& token);
/// The objects that are wanted, described. Errors: as above.
Result<Listing<Entry>> list_entries(const Session& session, const Wanted& wanted, const Uri& token);

}  // namespace keystore::pkcs11
