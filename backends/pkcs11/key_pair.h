#pragma once

#include "backends/pkcs11/new_object.h"
#include "backends/pkcs11/temporary_object.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::pkcs11 {

/// A private key that came from elsewhere.
struct PrivateKeyMaterial {
  EvpPkeyPtr pkey;
  PublicKey half;
  CK_KEY_TYPE type;

  /// Errors: malformed, unsupported (tokens do not hold this type).
  static Result<PrivateKeyMaterial> parse(const Secret& pkcs8);
};

/// A private key that shall become an object. Borrows everything.
struct NewPrivateKey {
  const EVP_PKEY* key;  ///< where it is only known wrapped: its public half
  const PublicKey& half;
  CK_KEY_TYPE type;
  const NewObject& object;
  const Names& names;
  bool on_token = true;  ///< false: an object of the session

  /// All attributes but the key's value.
  Template attributes(const Quirks& quirks) const;
};

/// Makes the public key object beside a private one that is there. Both stay, or none. Errors:
/// those of the calls.
Result<Entry> finish_pair(const OpenForWriting& open, const NewPrivateKey& key,
                          TemporaryObject private_key);

}  // namespace keystore::pkcs11
