#pragma once

#include <vector>

#include "keystore/bytes.h"
#include "keystore/result.h"

namespace keystore::pem {

/// The certificates, as DER, in a SignedData of PKCS#7 (RFC 2315, 9), DER or BER, in its order.
/// What it signs is not looked at. Errors: malformed.
Result<std::vector<Bytes>> certificates_in_pkcs7(BytesView octets);

}  // namespace keystore::pem
