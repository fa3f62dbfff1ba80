#pragma once

#include "backends/pem/form.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pem {

/// A traditional key (`form` is rsa_key, ec_key or dsa_key) as PrivateKeyInfo DER.
/// `ec_parameters` are the octets of an EC PARAMETERS block, for keys that name no curve; may be
/// empty. Errors: malformed.
Result<Secret> traditional_to_pkcs8(Form form, const Secret& octets, BytesView ec_parameters);

}  // namespace keystore::pem
