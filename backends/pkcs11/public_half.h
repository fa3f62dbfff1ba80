#pragma once

#include <optional>
#include <span>
#include <vector>

#include "backends/pkcs11/object.h"
#include "keystore/public_key.h"

namespace keystore::pkcs11 {

/// The public key that an object shows by itself: a certificate, a public key, an RSA private key,
/// or any with CKA_PUBLIC_KEY_INFO. Not set when it shows none or one that cannot be read.
std::optional<PublicKey> own_public_key(const Object& object);

/// Type and size as far as a private key shows them without its public half.
KeyShape shape_of(const Object& key);

/// The public half of a private key, and the object that shows it where the key does not.
struct PublicHalf {
  PublicKey key;
  std::optional<Object> shown_by = {};
};

/// The public half of a private key: its own, else that of the public key object, else that of the
/// certificate with the same id; without an id the label ties them. Not set when the token has
/// none, or several that differ and nothing says which. Errors: of the calls.
Result<std::optional<PublicHalf>> find_half(const Session& session, const Object& key);
/// As above, the public key alone.
Result<std::optional<PublicKey>> find_public_half(const Session& session, const Object& key);

/// The same for many keys, in their order, without a search: `others` are all the public keys and
/// certificates of the token.
std::vector<std::optional<PublicHalf>> halves_among(std::span<const Object> others,
                                                    std::span<const Object> keys);

}  // namespace keystore::pkcs11
