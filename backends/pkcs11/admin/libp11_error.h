#pragma once

#include <string>

#include "keystore/error.h"

namespace keystore::pkcs11 {

/// The newest error of libp11 as ours; `message` says what failed on which token.
Error error_from_libp11(std::string call, std::string message);

}  // namespace keystore::pkcs11
