#pragma once

#include "bindings/openssl/provider/passphrase.h"
#include "keystore/backend.h"
#include "keystore/result.h"

namespace keystore::provider {

/// How this provider opens stores: the process's configuration, and the program's passphrase
/// callback where no source is named. Errors: as process_config().
Result<OpenOptions> load_options(const LoadPassphrase& passphrase, UriOrigin origin);

}  // namespace keystore::provider
