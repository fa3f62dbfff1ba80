#pragma once

#include "keystore/bytes.h"

namespace keystore::verify {

/// Whether `data` is one element in DER (X.690, 10 and 11): definite shortest lengths, shortest
/// integers, booleans of 00 or FF, all the way down. Tags of several octets are refused: no
/// extension that OpenSSL knows has them.
bool is_der(BytesView data);
/// Whether every SET OF in it is sorted (X.690, 11.6), as those of names must be, and nothing lies
/// deeper than a name has reason to.
bool sets_are_sorted(BytesView data);

}  // namespace keystore::verify
