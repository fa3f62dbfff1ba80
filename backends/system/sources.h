#pragma once

#include <string>

#include "keystore/query.h"
#include "keystore/trust.h"

namespace keystore::system {

// Each adds what it holds to `found`, unreadable parts to its `skipped`.

/// The files and folders that OpenSSL programs read: see system.h.
void add_bundle_and_folder(Listing<TrustAnchor>& found);
/// p11-kit's, where the site has configured them.
void add_p11kit(Listing<TrustAnchor>& found);
/// A file as read_trust_file() takes it.
void add_file(const std::string& path, Listing<TrustAnchor>& found);
/// A file as read_certdata() takes it.
void add_certdata(const std::string& path, Listing<TrustAnchor>& found);

}  // namespace keystore::system
