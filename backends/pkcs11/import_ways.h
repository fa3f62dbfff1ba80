#pragma once

#include <string>

#include "backends/pkcs11/key_pair.h"

namespace keystore::pkcs11 {

struct PlacedKey {
  TemporaryObject object;
  std::string way;  ///< for people: "C_CreateObject"
};

/// Makes the object in the first way that the token takes: C_CreateObject; wrapped in software by
/// an AES key of the session, or by RSA-OAEP, and C_UnwrapKey. A key that was unwrapped has proven
/// itself (prove_private_key). After a failure nothing is left on the token. Errors: unsupported,
/// telling why no way was good; key_mismatch; those of the calls.
Result<PlacedKey> place_private_key(const Session& session, const TokenAbilities& abilities,
                                    const std::string& token, const NewPrivateKey& key);

/// The object has the private half of `half`: it signs with it where it may, else it shows the
/// public half; and it is as guarded as `object` asks. Errors: key_mismatch, access_denied (less
/// guarded), unsupported (it can show nothing), those of the calls.
Result<void> prove_private_key(const Session& session, const TokenAbilities& abilities,
                               CK_OBJECT_HANDLE handle, const PublicKey& half,
                               const NewObject& object);

}  // namespace keystore::pkcs11
