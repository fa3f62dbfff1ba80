#pragma once

#include "keystore/entry.h"
#include "keystore/query.h"

namespace keystore {

/// Whether `entry` is a key of this public half, or a certificate for it.
bool has_public_key(const Entry& entry, const PublicKey& public_key);

/// Whether `entry` is what `query` looks for.
bool matches(const Query& query, const Entry& entry);

/// As matches(), where `entry` may be a key whose public half is not known yet.
bool may_match(const Query& query, const Entry& entry);

}  // namespace keystore
