#pragma once

#include "keystore/key.h"

namespace keystore::testing {

/// Forks a child that signs and checks its signature. 0: it could; else the number of its Errc, or
/// -1 when it came to another end.
int sign_in_child(const Key& key, SignatureScheme scheme);

}  // namespace keystore::testing
