#pragma once

#include <string>
#include <string_view>

#include "keystore/api.h"
#include "keystore/result.h"

namespace keystore::verify {

/// The name of a host as certificates and DNS have it: an internationalised one, in UTF-8, in its
/// ASCII form (IDNA 2008, RFC 5891), any other as it is. Errors: invalid_argument, naming the host.
KEYSTORE_API Result<std::string> ascii_host(std::string_view host);

}  // namespace keystore::verify
