#pragma once

#include <string>
#include <vector>

#include "keystore/config.h"
#include "keystore/result.h"
#include "keystore/uri.h"

namespace keystore::pkcs11 {

/// The modules that `uri` selects, as absolute paths, the first of these that names any: the URI's
/// `module-path`, its `module-name` (a name in `[modules]`, else of p11-kit's list), `[modules]`,
/// `$PKCS11_MODULE_PATH` (not in set-user-id programs), p11-kit's list of configured modules.
/// Errors: not_found (no such name, or no module anywhere), invalid_argument.
Result<std::vector<std::string>> find_modules(const Uri& uri, const Config& config);

}  // namespace keystore::pkcs11
