#pragma once

#include "keystore/key.h"

namespace keystore::provider {

// The private operations of a store's key: the one place where the provider asks for them. They may
// reach a module, whose own use of libcrypto leaves errors in the queue of its thread even when it
// succeeds (SoftHSM does): what was raised is dropped, and a failure comes back as a Result.
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
