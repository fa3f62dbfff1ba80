#pragma once

#include <string>
#include <string_view>

#include "backends/pkcs11/key_wrap.h"
#include "backends/pkcs11/template.h"
#include "backends/pkcs11/temporary_object.h"
#include "keystore/result.h"

namespace keystore::pkcs11 {

// Keys of the session that bring one key onto a token which takes none in the clear. Messages of
// errors here are parts of a sentence about the token ("it …").

/// An RSA key pair made on the token; its private half unwraps.
struct TransportPair {
  TemporaryObject private_key;
  PublicKey public_key;
};

/// Errors: unsupported (no mechanism to make it or to unwrap with it), as C_GenerateKeyPair.
Result<TransportPair> make_transport_pair(const Session& session, const TokenAbilities& abilities);

/// Unwraps `data` with the pair, RSA-OAEP by SHA-256 or, where that is refused, by SHA-1. Errors:
/// unsupported (it is too long), as C_UnwrapKey.
Result<TemporaryObject> bring_in(const Session& session, const TokenAbilities& abilities,
                                 const TransportPair& pair, BytesView data, Template& wanted);

/// An AES-256 key whose value we know; it unwraps.
struct TransportKey {
  TemporaryObject object;
  Secret value;
  std::string_view brought_by = {};  ///< for people
};

/// By C_CreateObject, else by bring_in(). Errors: unsupported, saying why neither was good; those
/// of the calls.
Result<TransportKey> make_transport_key(const Session& session, const TokenAbilities& abilities);

/// C_UnwrapKey. Errors: those of the call, naming the mechanism.
Result<TemporaryObject> unwrap_object(const Session& session, CK_MECHANISM mechanism,
                                      std::string_view mechanism_name, CK_OBJECT_HANDLE by,
                                      BytesView wrapped, Template& wanted);

/// Whether a token that answers so does not do it this way, so that another may be tried.
bool is_refusal(const Error& error);

}  // namespace keystore::pkcs11
