#pragma once

#include "keystore/verify/check.h"
#include "keystore/verify/doctor/connection.h"

namespace keystore::verify::doctor {

/// Asks the server to speak TLS from now on. Errors: unsupported (it does not offer that),
/// malformed, as Connection.
Result<void> start_tls(const Connection& connection, StartTls protocol);

}  // namespace keystore::verify::doctor
