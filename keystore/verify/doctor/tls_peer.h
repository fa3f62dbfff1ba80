#pragma once

#include <vector>

#include "keystore/verify/check.h"
#include "keystore/verify/doctor/tls_address.h"

namespace keystore::verify::doctor {

/// What a server shows in a handshake. Nothing of it was verified.
struct TlsPeer {
  std::vector<Certificate> certificates = {};  ///< as it sent them, its own first
  Bytes stapled = {};                          ///< an OCSP response; empty: none
  bool wants_certificate = false;
  std::optional<Error> refusal = {};  ///< it did not take what we showed
};

/// Connects as a client and shakes hands, within options.time_limit. `name` is what the server is
/// asked for (RFC 6066, 3), nothing where it is an address. Errors: not_found, unavailable,
/// timed_out, unsupported; as open() for options.identity.
Result<TlsPeer> ask_peer(const TlsAddress& address, const std::string& name,
                         const CheckOptions& options);

/// Asks the server and judges what it shows.
void judge_server(TlsAddress address, const CheckOptions& options, const Trust& trust,
                  std::chrono::sys_seconds at, TargetReport& report);

}  // namespace keystore::verify::doctor
