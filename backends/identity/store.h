#pragma once

#include <vector>

#include "keystore/backend.h"
#include "keystore/store.h"

namespace keystore::identity {

/// The key of an identity and the certificates that go with it. Read-only.
class IdentityStore : public StoreBackend {
 public:
  /// `shared`: `chain` holds certificates of others as well, and only the key's and their issuers
  /// are shown.
  IdentityStore(Store keys, Store chain, bool shared)
      : keys_(std::move(keys)), chain_(std::move(chain)), shared_(shared) {}

  /// Private keys of the key store, then the certificates of the chain.
  Result<Listing<Entry>> find_entries(const Query& query) const override;
  Result<Listing<Key>> find_keys(const Query& query) const override {
    return keys_.find_keys(query);
  }

 private:
  Result<Listing<Entry>> find_chain(const Query& query) const;
  Result<std::vector<Certificate>> own_certificates() const;

  Store keys_;
  Store chain_;
  bool shared_;
};

}  // namespace keystore::identity
