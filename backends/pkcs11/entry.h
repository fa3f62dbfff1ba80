#pragma once

#include "backends/pkcs11/object.h"
#include "backends/pkcs11/token_link.h"
#include "keystore/entry.h"

namespace keystore::pkcs11 {

/// The URI of a token, unique among `others`: its label, and its serial where another has the same
/// label. Keeps the module attributes of `opened`, so that what is printed can be opened again.
Uri token_uri(const Uri& opened, const TokenIdentity& identity,
              const std::vector<TokenIdentity>& others);

/// An object of the token at `token_uri`, described. `half` is the public half of a key.
Entry make_entry(const Uri& token_uri, const Object& object, std::optional<PublicKey> half);

EntryKind kind_of(CK_OBJECT_CLASS object_class);
CK_OBJECT_CLASS class_of(EntryKind kind);

/// "private", "public", "cert", "secret-key" (RFC 7512, 2.3).
std::string_view uri_type(CK_OBJECT_CLASS object_class);

}  // namespace keystore::pkcs11
