#pragma once

#include <optional>

#include "backends/pkcs11/session.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/key_type.h"
#include "keystore/public_key.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pkcs11 {

/// An extractable private key as PKCS#8 DER. `rv` is what reading its attributes returned; where
/// that is not CKR_OK the result is an error of no interest. Errors: malformed, of `action`.
Result<Secret> read_private_key(const Session& session, CK_OBJECT_HANDLE handle,
                                const KeyShape& shape, const std::optional<PublicKey>& half,
                                std::string_view action, CK_RV& rv);

}  // namespace keystore::pkcs11
