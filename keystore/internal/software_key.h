#pragma once

#include <memory>

#include "keystore/backend.h"
#include "keystore/secret.h"

namespace keystore {

/// A key held in this process, for the file backends. `pkcs8` is PrivateKeyInfo DER; `entry` gives
/// uri, label, id and custody, the rest is filled in from the key. Holds the key in locked memory;
/// EVP_PKEY objects live in private_lib_ctx(). A key of a kind that is not known here can be listed
/// and exported only: it shows no public half. An RSA key whose factors are not prime is refused
/// (malformed) when it is first used or exported, not here. Errors: malformed (also: its parts do
/// not belong together), unsupported.
KEYSTORE_API Result<std::shared_ptr<const KeyBackend>> make_software_key(Secret pkcs8, Entry entry);

/// A new key as PKCS#8 DER. Errors: invalid_argument.
KEYSTORE_API Result<Secret> generate_software_key(const KeySpec& spec);

/// A new key, put where `importer` puts keys. Errors: as generate_software_key(), import_key().
KEYSTORE_API Result<Key> generate_into(Importer& importer, const KeySpec& spec,
                                       const NewObject& object);

}  // namespace keystore
