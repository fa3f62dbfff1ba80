#pragma once

#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/pbe.h"
#include "keystore/result.h"

namespace keystore::pfx {

/// Whether the integrity check of `pfx`, which has one, comes out right with `password`: the MAC of
/// RFC 7292, 4 or PBMAC1 (RFC 9579). `der` is what `pfx` was read from. Errors: malformed (also
/// PBMAC1 without a length of its key, or a short one: RFC 9579, 5 and 8), unsupported (digest, too
/// much work).
Result<bool> mac_fits(PKCS12* pfx, BytesView der, const PbePassword& password, WorkBudget& budget);

}  // namespace keystore::pfx
