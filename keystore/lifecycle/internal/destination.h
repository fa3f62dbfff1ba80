#pragma once

#include <optional>

#include "keystore/lifecycle/internal/plan_data.h"
#include "keystore/store.h"

namespace keystore::lifecycle {

/// Opens the token of `object`, a URI that may name one object on it, with the PIN that `pin`
/// reads.
Result<Store> open_token(const Uri& object, const std::shared_ptr<SecretKeeper>& pin);
/// The token that the plan names.
Result<Store> open_token(const MovePlan::Data& plan);

/// The key with the plan's id and public key; empty when it is not there. A key that shows no
/// public half signs once. Errors: those of the token.
Result<std::optional<Key>> find_moved_key(const Store& token, const MovePlan::Data& plan);

/// Takes the key with the plan's id and public key off the token, and its public key object; what
/// is not there is fine. Errors: unsupported, access_denied, those of the token.
Result<void> remove_moved_key(const Store& token, const MovePlan::Data& plan);
/// Removes an entry; one that is gone is fine. Errors: as remove_moved_key.
Result<void> remove_entry(const Store& token, const Entry& entry);
/// Both halves are there: an import that was killed may have left one.
Result<bool> is_whole(const Store& token, const MovePlan::Data& plan);

/// The key signs and the signatures are good for `expected`, checked in software: once for every
/// algorithm that it has. Errors: key_mismatch, unsupported (it cannot sign), those of the token.
Result<void> prove_key(const Key& key, const PublicKey& expected);

}  // namespace keystore::lifecycle
