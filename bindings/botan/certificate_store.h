#pragma once

#include <botan/certstor.h>

#include <memory>

#include "keystore/api.h"
#include "keystore/store.h"
#include "keystore/trust.h"

namespace keystore::botan {

/// The certificates of `store` as they are now, for Botan to take as trusted: all of a file, a
/// folder or a token; of a store with trust settings (`system:`) the anchors that are trusted for
/// `purpose` and not distrusted. What cannot be read, or Botan cannot, is left out with a line in
/// the log. Any thread. Throws Exception as Store::find_certificates and TrustSource.
KEYSTORE_API std::unique_ptr<Botan::Certificate_Store> certificate_store(
    const Store& store, Purpose purpose = Purpose::any);

}  // namespace keystore::botan
