#pragma once

#include <string>

#include "backends/pkcs11/cryptoki.h"

namespace keystore::pkcs11 {

/// "CKM_RSA_PKCS", or "0x1234" where unknown.
std::string mechanism_name(CK_MECHANISM_TYPE mechanism);

}  // namespace keystore::pkcs11
