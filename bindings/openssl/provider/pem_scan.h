#pragma once

#include <openssl/core.h>

#include <optional>
#include <string>

#include "bindings/openssl/provider/core.h"

namespace keystore::provider {

/// The text of the next key reference in `input`, from its BEGIN to its END line, leaving `input`
/// behind it. Not set when there is none: `input` is then behind the first block, as OpenSSL's own
/// PEM decoder leaves it. With `skip_foreign`, blocks before the reference are passed over, up to
/// one with a private key, which is for others to read.
std::optional<std::string> scan_for_reference(const Core& core, OSSL_CORE_BIO* input,
                                              bool skip_foreign);

}  // namespace keystore::provider
