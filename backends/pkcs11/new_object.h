#pragma once

#include "backends/pkcs11/object.h"
#include "backends/pkcs11/store.h"
#include "backends/pkcs11/token.h"
#include "backends/pkcs11/token_abilities.h"
#include "keystore/backend.h"

namespace keystore::pkcs11 {

/// A token about to be changed: found, logged in, with a session that may write.
struct OpenForWriting {
  LinkedToken linked;
  BorrowedSession session;
  Patience patience;
  ForgetAfterChange forget{&known_keys()};
};

/// Errors: as find_token(), Token::make_ready(); access_denied for a write-protected token.
Result<OpenForWriting> open_for_writing(const Uri& uri, const OpenOptions& options,
                                        const std::vector<const Library*>& libraries);

/// What the token can do. Errors: of C_GetMechanismList.
Result<TokenAbilities> abilities_of(const OpenForWriting& open);

/// What a new object shall be called: the request's words, else the URI's, else made from the key.
struct Names {
  std::string label = {};
  Bytes id = {};
};
Names names_for(const NewObject& object, const Wanted& wanted, const PublicKey& key);

/// Errors: already_exists when an object of these classes has that label or that id.
Result<void> check_free(const Session& session, const Names& names,
                        std::initializer_list<CK_OBJECT_CLASS> classes, const LinkedToken& linked);

/// CKA_EXTRACTABLE: in the clear or wrapped.
bool may_leave(const NewObject& object);

/// The attributes that a private key and its public key object share with every new one. Not
/// `on_token`: an object of the session.
Template private_key_template(CK_KEY_TYPE type, const NewObject& object, const Quirks& quirks,
                              bool on_token = true);
Template public_key_template(CK_KEY_TYPE type, const NewObject& object, const Quirks& quirks);

/// CKA_KEY_TYPE by the standard. Errors: unsupported.
Result<CK_KEY_TYPE> key_type_for(KeyType type);
/// CKA_EC_PARAMS of a curve ("P-256", "ed25519", …). Errors: unsupported.
Result<Bytes> curve_parameters(const KeyShape& shape, const Quirks& quirks);

}  // namespace keystore::pkcs11
