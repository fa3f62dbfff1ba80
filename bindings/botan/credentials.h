#pragma once

#include <botan/credentials_manager.h>

#include <memory>
#include <vector>

#include "keystore/api.h"
#include "keystore/identity.h"

namespace keystore::botan {

/// What a TLS server or client of Botan shows, and whom it trusts; the keys stay where they are. A
/// server shows, of a key type that the client takes, the first identity that names the host that
/// its client wants, and where none does the first; a client the first that one of the server's
/// authorities issued, and nothing when there is none. `trusted` are the anchors for peers: a
/// server that has any asks its clients for a certificate. Owns keys and stores; any thread. Throws
/// Exception as private_key(), Botan::Decoding_Error for a certificate that Botan cannot read.
KEYSTORE_API std::unique_ptr<Botan::Credentials_Manager> credentials(
    const std::vector<Identity>& identities,
    std::vector<std::shared_ptr<Botan::Certificate_Store>> trusted = {});

}  // namespace keystore::botan
