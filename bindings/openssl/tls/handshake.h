#pragma once

#include <openssl/ssl.h>

#include "bindings/openssl/tls/context_state.h"
#include "keystore/result.h"

namespace keystore::openssl {

/// Has the handshakes of `context` ask `state`, which lives as long as the context.
void install_callbacks(SSL_CTX* context, ContextState& state);

/// Whether libssl takes every identity of `table` with the settings of `context`. Errors:
/// refused_by_policy with its reason (security level).
Result<void> try_on(SSL_CTX* context, const IdentityTable& table);

}  // namespace keystore::openssl
