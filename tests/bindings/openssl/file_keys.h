#pragma once

#include <openssl/evp.h>

#include <string>
#include <vector>

#include "keystore/internal/openssl_ptr.h"
#include "keystore/key.h"
#include "tests/support/workspace.h"

namespace keystore::testing {

/// A key made by plain OpenSSL, in a file of its own that a store opens.
class FileKey {
 public:
  /// `type` is OpenSSL's ("RSA", "ED25519") or a curve ("P-256").
  FileKey(const Workspace& folder, const std::string& type);

  const Key& key() const { return key_.front(); }
  const EvpPkeyPtr& plain() const { return plain_; }
  const std::string& type() const { return type_; }
  /// Self-signed, for "server.test".
  X509Ptr certificate() const;

 private:
  std::string type_;
  EvpPkeyPtr plain_;
  std::vector<Key> key_;  ///< one; Key has no empty state
};

}  // namespace keystore::testing
