#pragma once

#include <cstddef>
#include <string>

#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore {

/// Everything that `fd` gives until its end, at most `limit` octets. `object` names it in errors.
/// Errors: io, malformed (larger than `limit`).
Result<Secret> read_all(int fd, std::size_t limit, const std::string& object);

}  // namespace keystore
