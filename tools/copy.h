#pragma once

#include <string>
#include <vector>

#include "keystore/backend.h"
#include "tools/issuers.h"
#include "tools/options.h"

namespace keystore::cli {

/// Every key and certificate at one place, to be put into another.
struct CopyRequest {
  std::string source = {};
  SecretOption source_secret = {};
  IssuerOptions issuers = {};  ///< that the source lacks
  std::string destination = {};
  SecretOption destination_secret = {};
  NewObject object = {};  ///< label and id are for one key
};

/// Takes everything out of the source before the destination is touched; keys go first, then each
/// leaf with its issuers in order; a certificate gets the label and id of its key. Errors:
/// not_found (nothing there), access_denied (a key may not leave), invalid_argument, as Importer;
/// those of what cannot be read in the source.
Result<std::vector<Entry>> copy_objects(const CopyRequest& request);

}  // namespace keystore::cli
