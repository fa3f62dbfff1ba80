#pragma once

#include <botan/pk_keys.h>

#include <memory>
#include <string_view>

#include "keystore/api.h"
#include "keystore/backend.h"
#include "keystore/key.h"

namespace keystore::botan {

// Keys as Botan's. The private half stays where it is: Botan computes digests, signatures and
// decryptions are asked of the store, and private_key_bits() throws. A key may be used from any
// thread, an operation (PK_Signer, PK_Decryptor, PK_Key_Agreement) by one at a time, as Botan's
// own. A key shares the store's and outlives Store and Key. An operation refers to nothing but what
// the key shares, so that it outlives the Private_Key. Each may block for as long as the store
// takes and throws keystore::botan::Exception with the store's error.

/// `key` for signatures and decryption: RSA ("PKCS1v15(SHA-256)", "PSS(SHA-256,MGF1,32)",
/// "OAEP(…)", under Botan 2's names as well), ECDSA on the curves that Botan knows, Ed25519
/// ("Pure"). An ECDSA key agrees, too. Throws Exception: unsupported for other types, and for a key
/// that shows no public half.
KEYSTORE_API std::unique_ptr<Botan::Private_Key> private_key(const Key& key);

/// The one private key that `uri` names. Throws as private_key(), keystore::open and Store::key.
KEYSTORE_API std::unique_ptr<Botan::Private_Key> open_private_key(std::string_view uri,
                                                                  const OpenOptions& options = {});

/// An EC key for ECDH (SEC 1, 3.3.1). The store computes the shared secret; what PK_Key_Agreement
/// derives from it ("KDF2(SHA-256)", "Raw") is computed by Botan. Throws as private_key().
KEYSTORE_API std::unique_ptr<Botan::PK_Key_Agreement_Key> key_agreement_key(const Key& key);

}  // namespace keystore::botan
