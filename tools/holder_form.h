#pragma once

#include "bindings/openssl/x509/request.h"

namespace keystore::cli {

/// Asks on the terminal, field by field, whom a request names: country, state, locality,
/// organisation, unit, common name and alternative names. An empty answer leaves a field out; an
/// answer that cannot stand is told why and asked for again. Errors: invalid_argument (no terminal;
/// three answers that cannot stand; nothing named at all), cancelled on ^D.
Result<openssl::RequestSpec> ask_holder();

}  // namespace keystore::cli
