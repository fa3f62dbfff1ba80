#pragma once

#include "keystore/config.h"
#include "keystore/entry.h"
#include "keystore/result.h"

namespace keystore {

/// Whether `[policy]` lets this key be used. Errors: refused_by_policy, with the rule's name.
Result<void> check_policy(const PolicyConfig& policy, const Entry& key);

}  // namespace keystore
