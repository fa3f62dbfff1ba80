#pragma once

#include <optional>
#include <string>

#include "keystore/backend.h"
#include "keystore/trust.h"

namespace keystore::system {

/// What `system:` is narrowed to.
struct Narrowing {
  std::optional<Purpose> purpose = {};
  std::optional<std::string> sha256 = {};  ///< lower-case hexadecimal
};

/// The anchors of every source; reads them anew in each search.
class SystemStore : public StoreBackend, public TrustSource, public TrustEditor {
 public:
  /// `certdata`: a certdata.txt to read as well; empty: none.
  SystemStore(Narrowing narrowing, std::string certdata)
      : narrowing_(std::move(narrowing)), certdata_(std::move(certdata)) {}

  /// Distrusted certificates are listed as well, as certificates.
  Result<Listing<Entry>> find_entries(const Query& query) const override;
  Result<Listing<Key>> find_keys(const Query& query) const override;
  const TrustSource* trust() const noexcept override { return this; }
  const TrustEditor* trust_editor() const noexcept override { return this; }

  Result<Listing<TrustAnchor>> settings() const override;

  /// By update-ca-certificates(8): see debian_anchors.h.
  Result<TrustChange> plan_add(const Certificate& certificate) const override;
  Result<TrustChange> plan_remove(const Certificate& certificate) const override;
  Result<TrustChange> plan_undo() const override;

 private:
  Result<Listing<TrustAnchor>> read() const;
  Result<std::optional<TrustAnchor>> find(const Certificate& certificate) const;
  bool wanted(const TrustAnchor& anchor) const;

  Narrowing narrowing_;
  std::string certdata_;
};

}  // namespace keystore::system
