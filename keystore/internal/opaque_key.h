#pragma once

#include <memory>

#include "keystore/backend.h"
#include "keystore/secret.h"

namespace keystore {

/// A key in a file whose kind is not known here: it is listed and copied, and any use of it is
/// unsupported. `pkcs8` is sound PrivateKeyInfo DER as far as can be seen.
std::shared_ptr<const KeyBackend> make_opaque_key(Secret pkcs8, Entry entry);

}  // namespace keystore
