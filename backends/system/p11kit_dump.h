#pragma once

#include <string>
#include <string_view>

#include "keystore/query.h"
#include "keystore/trust.h"

namespace keystore::system {

/// The certificates in what `trust dump` of p11-kit printed that have times after which nothing new
/// is trusted (nss-server-distrust-after, nss-email-distrust-after), with these alone. Skipped:
/// times and certificates that cannot be understood, named by `path` and line.
Listing<TrustAnchor> read_p11kit_dump(const std::string& path, std::string_view text);

}  // namespace keystore::system
