#pragma once

#include <string>

#include "tests/bench/contenders.h"

namespace keystore::bench {

/// Signatures through GnuTLS with the key at `uri`, which holds the PIN. Throws where GnuTLS was
/// not there when this was built.
Contender gnutls(const std::string& uri, const Subject& subject);

}  // namespace keystore::bench
