#pragma once

#include "bindings/c/ks.h"
#include "keystore/query.h"

namespace keystore::c {

/// The C++ query of `given`; null matches all. Ends the guard where it makes no sense.
Query query_of(const ks_query* given);

}  // namespace keystore::c
