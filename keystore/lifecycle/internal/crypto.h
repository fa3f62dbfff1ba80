#pragma once

#include <string>

#include "keystore/bytes.h"
#include "keystore/result.h"

namespace keystore::lifecycle {

/// SHA-256 in lower-case hexadecimal.
std::string sha256_hex(BytesView data);
/// Unpredictable octets. Errors: internal.
Result<Bytes> random_bytes(std::size_t size);

}  // namespace keystore::lifecycle
