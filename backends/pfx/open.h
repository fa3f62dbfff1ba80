#pragma once

#include "keystore/registry.h"

namespace keystore::pfx {

/// See BackendRow::open.
Result<std::shared_ptr<StoreBackend>> open(const Uri& uri, const OpenContext& context);

}  // namespace keystore::pfx
