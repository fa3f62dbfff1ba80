#pragma once

#include <optional>

#include "backends/pkcs11/object.h"
#include "keystore/public_key.h"

namespace keystore::pkcs11 {

/// The public key that an object shows by itself: a certificate, a public key, an RSA private key,
/// or any with CKA_PUBLIC_KEY_INFO. Not set when it shows none or one that cannot be read.
std::optional<PublicKey> own_public_key(const Object& object);

/// The public half of a private key: its own, else that of the public key object, else that of the
/// certificate with the same id. Not set when the token has none. Errors: of the calls.
Result<std::optional<PublicKey>> find_public_half(const Session& session, const Object& key);

/// Type and size as far as a private key shows them without its public half.
KeyShape shape_of(const Object& key);

}  // namespace keystore::pkcs11
