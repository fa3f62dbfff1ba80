#pragma once

#include <chrono>

#include "bindings/openssl/tls/context_state.h"

namespace keystore::openssl {

/// Opens what `source` names and finds it fit to be shown at `at`. Errors: those of configure().
Result<ShownIdentityPtr> load_identity(const IdentitySource& source, const TlsOptions& options,
                                       std::chrono::sys_seconds at);

std::chrono::sys_seconds now_in_seconds();

}  // namespace keystore::openssl
