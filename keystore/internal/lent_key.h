#pragma once

#include <optional>
#include <string>

#include "keystore/api.h"
#include "keystore/key.h"
#include "keystore/reference.h"

// A key that this process has, on its way through a host that takes PEM files only: the host loads
// a reference on the same thread, and our provider finds the key itself instead of opening its
// store again, maybe without the rights and the PIN that it was opened with.
namespace keystore {

/// From now on, references to this key that are loaded on this thread are this key.
KEYSTORE_API void lend_key(const Key& key);
KEYSTORE_API void end_lending() noexcept;

/// The reference PEM to load meanwhile. Its URI does not count. Errors: unsupported without public
/// half.
KEYSTORE_API Result<std::string> reference_for_lending(const Key& key);

/// The key that is lent on this thread, where `reference` is to it.
KEYSTORE_API std::optional<Key> lent_key(const Reference& reference);

}  // namespace keystore
