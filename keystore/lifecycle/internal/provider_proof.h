#pragma once

#include <string>

#include "keystore/lifecycle/internal/secret_keeper.h"
#include "keystore/public_key.h"

namespace keystore::lifecycle {

/// The OpenSSL provider is where it belongs: ossl-modules beside this library. Errors: not_found.
Result<void> check_provider();

/// Does what a server does with its key file: loads it with OpenSSL and our provider, in a library
/// context of its own, signs, and checks the signature in software against `expected`. `pin`
/// answers where the reference names no source. Errors: unsupported with OpenSSL's reason,
/// key_mismatch.
Result<void> prove_through_provider(const std::string& path, const PublicKey& expected,
                                    SecretKeeper& pin);

}  // namespace keystore::lifecycle
