#pragma once

#include <string>

#include "backends/pkcs11/new_object.h"
#include "backends/pkcs11/temporary_object.h"
#include "keystore/wrapped_key.h"

namespace keystore::pkcs11 {

/// An AES key on the token that wraps or unwraps others.
struct WrappingKey {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  Uri uri;  ///< as it is written down: without module and PIN
  std::string label = {};
  bool trusted = false;  ///< CKA_TRUSTED
};

/// The secret key that `named` names on the open token; `usage` is CKA_WRAP or CKA_UNWRAP. Errors:
/// invalid_argument (another token or kind of object), not_found, ambiguous, access_denied (it may
/// not be used so).
Result<WrappingKey> find_wrapping_key(const OpenForWriting& open, const Uri& named,
                                      CK_ATTRIBUTE_TYPE usage);

struct Wrapped {
  WrapMechanism mechanism = WrapMechanism::aes_kwp;
  Bytes octets = {};
};

/// C_WrapKey by the first mechanism that the token takes. Errors: unsupported; malformed (a length
/// that cannot be); those of the call.
Result<Wrapped> wrap_with(const Session& session, const TokenAbilities& abilities,
                          const WrappingKey& wrapping_key, CK_OBJECT_HANDLE key);

/// C_UnwrapKey of what wrap_with() made, here or on another token. Errors: malformed, unsupported,
/// those of the call.
Result<TemporaryObject> unwrap_with(const Session& session, const TokenAbilities& abilities,
                                    const WrappingKey& wrapping_key, const Wrapped& wrapped,
                                    Template& wanted);

}  // namespace keystore::pkcs11
