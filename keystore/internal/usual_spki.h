#pragma once

#include <optional>

#include "keystore/bytes.h"
#include "keystore/key_type.h"

namespace keystore {

/// Type and size of the key in a SubjectPublicKeyInfo that is of a usual kind and sound: RSA, a
/// point on P-256, P-384 or P-521 that is not compressed, Ed25519, Ed448, X25519, X448. Not set for
/// anything else, which OpenSSL's decoders may judge: they take a hundred times longer, a second
/// for the keys of a large token.
std::optional<KeyShape> shape_of_usual(BytesView spki);

}  // namespace keystore
