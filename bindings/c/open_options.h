#pragma once

#include "bindings/c/ks.h"
#include "keystore/api.h"
#include "keystore/backend.h"

namespace keystore::c {

/// The C++ options of `given`, which may be null. Ends the guard where they make no sense.
KEYSTORE_API OpenOptions open_options(const ks_open_options* given);

}  // namespace keystore::c
