#pragma once

#include <initializer_list>

#include "keystore/bytes.h"

namespace keystore::pkcs11 {

/// The few forms of DER (X.690) that tokens and keys need.
namespace der {

/// One element; its content is the parts in a row.
Bytes element(std::uint8_t tag, std::initializer_list<BytesView> parts);
/// A SEQUENCE of two INTEGERs from big-endian numbers without sign, leading zeros allowed:
/// RSAPublicKey (RFC 8017, A.1.1), Ecdsa-Sig-Value (RFC 3279, 2.2.3).
Bytes two_integers(BytesView first, BytesView second);
/// The content of `encoded` when it is exactly one element with this tag; empty otherwise.
BytesView content(std::uint8_t tag, BytesView encoded);

}  // namespace der
}  // namespace keystore::pkcs11
