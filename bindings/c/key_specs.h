#pragma once

#include "bindings/c/ks.h"
#include "keystore/operation.h"
#include "keystore/sign_spec.h"

namespace keystore::c {

/// The C++ spec of what a caller filled. Ends the guard with invalid_argument for numbers that ks.h
/// does not name.
SignSpec sign_spec(const ks_sign_spec* given);
DecryptSpec decrypt_spec(const ks_decrypt_spec* given);
SignatureScheme signature_scheme(std::uint16_t number);

}  // namespace keystore::c
