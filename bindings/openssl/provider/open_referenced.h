#pragma once

#include "bindings/openssl/provider/passphrase.h"
#include "keystore/key.h"
#include "keystore/reference.h"
#include "keystore/result.h"

namespace keystore::provider {

/// `reference` as far as it can be told good before its key is made: the configuration, the policy,
/// and with `eager` module and token. One without a public key gets it from its store. Done in the
/// first decoder, because OpenSSL's stores drop the errors of the second.
Result<Reference> checked(Reference reference, const LoadPassphrase& passphrase);

/// The key of `reference`; the PIN source is read as the configuration says.
Result<Key> open_referenced(const Reference& reference, const LoadPassphrase& passphrase);

}  // namespace keystore::provider
