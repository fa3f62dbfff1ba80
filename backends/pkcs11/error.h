#pragma once

#include <string_view>

#include "backends/pkcs11/cryptoki.h"
#include "keystore/error.h"

namespace keystore::pkcs11 {

/// The only place that turns return values into errors. `action` says what failed on which object:
/// "cannot sign with 'web' on token 'prod'". Values that no standard knows
/// become `unavailable` (the vendor's) or `internal`, number kept.
Error error_from_rv(CK_RV rv, std::string_view call, std::string_view action);

/// For a call that succeeded with an answer that cannot be: `what`, "a signature of 0 octets".
Error error_from_nonsense(std::string_view call, std::string_view action, std::string_view what);

/// The same error, with the token's name in front.
Error on_token(std::string_view label, Error error);

}  // namespace keystore::pkcs11
