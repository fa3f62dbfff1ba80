#pragma once

#include <string>
#include <string_view>

#include "keystore/query.h"
#include "keystore/trust.h"

namespace keystore::system {

/// The certificates of a certdata.txt, the text form in which NSS keeps its built-in objects, with
/// what its trust objects say of each (server, e-mail, code) and the times after which nothing new
/// is trusted (CKA_NSS_SERVER_DISTRUST_AFTER, CKA_NSS_EMAIL_DISTRUST_AFTER). Skipped: certificates
/// that are not sound, and distrust of certificates that the file does not hold. Errors: malformed,
/// naming `path` and the line.
Result<Listing<TrustAnchor>> read_certdata(const std::string& path, std::string_view text);

}  // namespace keystore::system
