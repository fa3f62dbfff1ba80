#pragma once

#include <functional>
#include <string>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/query.h"
#include "keystore/trust.h"

namespace keystore {

/// The certificates of a file: PEM, `TRUSTED CERTIFICATE` (openssl-x509(1)) with what it says, or
/// one in DER. Skipped: blocks that are no sound certificate, named by `path` and number. Errors:
/// malformed (none at all). `parse` makes certificates without settings of their DER.
KEYSTORE_API Result<Listing<TrustAnchor>> read_trust_file(
    const std::string& path, BytesView content,
    const std::function<Result<Certificate>(BytesView)>& parse = Certificate::parse);

}  // namespace keystore
