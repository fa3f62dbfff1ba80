#pragma once

#include "keystore/key.h"

namespace keystore::provider {

// The private operations of a store's key: the one place where the provider asks for them. A
// failure comes back as a Result; OpenSSL's queue of errors stays as it was, as with every call of
// libkeystore.
//
// A caller must hold nothing that has to be freed, no lock and no mark of the error queue on its
// stack: inside an OpenSSL job (ASYNC_start_job(3)) that stack may never be come back to.

/// As Key::sign_digest.
Result<Bytes> ask_to_sign(const Key& key, SignSpec spec, BytesView input);
/// As Key::decrypt.
Result<Secret> ask_to_decrypt(const Key& key, DecryptSpec spec, BytesView ciphertext);
/// As Key::derive.
Result<Secret> ask_to_derive(const Key& key, PublicKey peer);

}  // namespace keystore::provider
