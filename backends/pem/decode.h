#pragma once

#include <string_view>

#include "backends/pem/blocks.h"
#include "backends/pem/passphrase.h"
#include "keystore/backend.h"
#include "keystore/entry.h"
#include "keystore/result.h"

namespace keystore::pem {

/// The object in `block` of `text`, described without asking for a passphrase: of an encrypted key
/// neither type nor public half is known. `base` gives uri and label. Errors: malformed,
/// unsupported.
Result<Entry> describe(const Block& block, std::string_view text, Entry base);

/// The private key in `block` as PrivateKeyInfo DER (RFC 5958); the block holds one and no
/// reference. Errors: malformed, unsupported, pin_*.
Result<Secret> private_key_octets(const Block& block, std::string_view text,
                                  Passphrase& passphrase);

}  // namespace keystore::pem
