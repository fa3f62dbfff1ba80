#pragma once

#include "keystore/api.h"
#include "keystore/config.h"
#include "keystore/entry.h"
#include "keystore/result.h"

namespace keystore {

/// Whether `[policy]` lets this key be used. Errors: refused_by_policy, with the rule's name.
KEYSTORE_API Result<void> check_policy(const PolicyConfig& policy, const Entry& key);

/// Whether `[policy]` lets the module of `uri`'s module-path be loaded. Errors: refused_by_policy,
/// with the rule's name.
Result<void> check_module_policy(const PolicyConfig& policy, const Uri& uri);

/// What a URI from data may say: no pin-value, a pin-source that runs nothing, a module-path that
/// the configuration lists. Errors: refused_by_policy, malformed (pin-value, unreadable source).
KEYSTORE_API Result<void> check_data_uri(const Config& config, const Uri& uri);
/// The same for its PIN attributes alone.
Result<void> check_data_pin(const Uri& uri);

}  // namespace keystore
