#pragma once

#include <string>
#include <vector>

#include "keystore/bytes.h"
#include "keystore/public_key.h"
#include "keystore/result.h"

namespace keystore::openssl {

/// What a PKCS#10 request asks for.
struct RequestContent {
  PublicKey key;
  Bytes subject_der = {};
  std::vector<std::string> names = {};  ///< "dns:…", as in RequestSpec
};

/// PEM or DER. The request's own signature is checked: its maker holds the key. Errors: malformed.
Result<RequestContent> read_request(BytesView request);

}  // namespace keystore::openssl
