#pragma once

#include <string>
#include <string_view>

#include "keystore/result.h"

namespace keystore::cli {

/// An alternative name as somebody types it, as "dns:…", "ip:…", "email:…" or "uri:…": addresses,
/// e-mail addresses and URIs are told by their form, all else is a DNS name, perhaps with a wildcard.
/// A name that has such a prefix already keeps its kind. Errors: as to_ascii.
Result<std::string> recognised_name(std::string_view typed);

/// "dns:bücher.example" as "dns:xn--bcher-kva.example" (IDNA 2008, RFC 5891), in e-mail addresses
/// the part behind the @; other names stay as they are. Errors: invalid_argument, naming the part.
Result<std::string> to_ascii(std::string name);

}  // namespace keystore::cli
