#pragma once

#include "backends/pem/blocks.h"
#include "keystore/internal/pbe.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pem {

/// The PrivateKeyInfo inside an EncryptedPrivateKeyInfo (RFC 5958, 3), both DER. Errors:
/// pin_incorrect; malformed; unsupported (an algorithm OpenSSL's default provider lacks, or more
/// work than `budget` has left).
Result<Secret> decrypt_pkcs8(BytesView encrypted, const Secret& passphrase, WorkBudget& budget);

/// The body of a traditional key (RFC 1421 headers, OpenSSL's key derivation). Errors: as above.
Result<Secret> decrypt_traditional(const LegacyEncryption& encryption, BytesView encrypted,
                                   const Secret& passphrase);

/// PrivateKeyInfo as EncryptedPrivateKeyInfo: PBES2, PBKDF2 with HMAC-SHA-256, AES-256-CBC.
Result<Secret> encrypt_pkcs8(const Secret& pkcs8, const Secret& passphrase);

}  // namespace keystore::pem
