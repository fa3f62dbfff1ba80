#pragma once

#include <string_view>

#include "backends/pkcs11/cryptoki.h"
#include "keystore/error.h"

namespace keystore::pkcs11 {

/// The only place that turns return values into errors. `action` says what failed on which object:
/// "cannot sign with 'web' on token 'prod'". Values that no standard knows
/// become `unavailable` (the vendor's) or `internal`, number kept.
Error error_from_rv(CK_RV rv, std::string_view call, std::string_view action);

}  // namespace keystore::pkcs11
