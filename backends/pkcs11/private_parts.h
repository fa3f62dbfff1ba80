#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "backends/pkcs11/session.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/key_type.h"
#include "keystore/public_key.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pkcs11 {

/// What a key object is made of, by attribute, in locked memory: templates borrow it.
using KeyParts = std::vector<std::pair<CK_ATTRIBUTE_TYPE, Secret>>;

/// The parts of a private key object (PKCS#11 2.40, 2.1.3 and 2.3.4) but CKA_EC_PARAMS; of an RSA
/// key the public ones too. Errors: malformed.
Result<KeyParts> private_parts(const EVP_PKEY* key, const KeyShape& shape);
/// The parts of its public key object (2.1.2 and 2.3.3) but CKA_EC_PARAMS. Errors: malformed.
Result<KeyParts> public_parts(const EVP_PKEY* key, const KeyShape& shape);

/// An extractable private key as PKCS#8 DER. `rv` is what reading its attributes returned; where
/// that is not CKR_OK the result is an error of no interest. Errors: malformed, of `action`.
Result<Secret> read_private_key(const Session& session, CK_OBJECT_HANDLE handle,
                                const KeyShape& shape, const std::optional<PublicKey>& half,
                                std::string_view action, CK_RV& rv);

/// A public point, or the octets of an Edwards or Montgomery key.
Bytes public_octets(const EVP_PKEY* key);

}  // namespace keystore::pkcs11
