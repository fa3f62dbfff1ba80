#pragma once

#include <string>

#include "keystore/store.h"
#include "tools/options.h"

namespace keystore::cli {

/// Whether a URI that was read from a file may be opened: it runs nothing that the configuration
/// does not name (DESIGN.md, section 3). Errors: refused_by_policy, malformed.
Result<void> check_data(const std::string& uri);
/// Opens `uri` with the command's options.
Result<Store> open_store(const std::string& uri, const SecretOption& pin);
/// The URI of what is written to. A new file has no content that tells its format: here alone its
/// name does, .p12 and .pfx are PKCS#12. Errors: as Uri::parse.
Result<Uri> new_file_uri(const std::string& text);
/// As open_store, of new_file_uri(), where a file need not exist yet.
Result<Store> open_new_store(const std::string& uri, const SecretOption& pin);
/// The one private key that `uri` names. Errors: as Store::key.
Result<Key> open_key(const std::string& uri, const SecretOption& pin);
/// The one entry of `store`; a private key stands for its public key object as well. Errors:
/// not_found, ambiguous listing the candidates' URIs.
Result<Entry> one_entry(const Store& store);
/// The one certificate or trust anchor of `store`. Errors: as one_entry.
Result<Certificate> one_certificate(const Store& store);
/// The certificates at `uri`, trust anchors as well, in the store's order. Errors: not_found when
/// there is none.
Result<std::vector<Certificate>> open_certificates(const std::string& uri, const SecretOption& pin);

}  // namespace keystore::cli
