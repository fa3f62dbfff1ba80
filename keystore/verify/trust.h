#pragma once

#include <memory>
#include <string>
#include <vector>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/certificate.h"
#include "keystore/result.h"
#include "keystore/trust.h"

/// Paths to trust anchors, and what speaks against them (DESIGN.md, section 8).
namespace keystore::verify {

/// Trust anchors with the purposes they are good for, and certificates refused by name. Copies
/// share what was added up to then. Adding is for one thread; a const Trust is for any.
class KEYSTORE_API Trust {
 public:
  Trust();

  /// Anchors for every purpose.
  void add_anchor(const Certificate& certificate);
  /// An anchor for the purposes that its store trusts it for.
  void add_anchor(const TrustAnchor& anchor);
  /// Every certificate of a PEM text, or the one of a DER file; `path` names it in errors. A
  /// `TRUSTED CERTIFICATE` (OpenSSL's form) keeps its trusted and rejected uses; `skipped` gets
  /// what could not be read. Errors: malformed (there is no sound certificate in it).
  Result<void> add_anchors(const std::string& path, BytesView content,
                           std::vector<Error>* skipped = nullptr);
  /// Never part of a path, whatever speaks for it.
  void add_distrusted(const Certificate& certificate);
  /// Every certificate of a file as above. Errors: malformed.
  Result<void> add_distrusted(const std::string& path, BytesView content);

  std::size_t anchor_count() const noexcept;

  struct Data;
  const Data& data() const noexcept { return *data_; }

 private:
  Data& own();
  std::shared_ptr<Data> data_;
};

/// The anchors of the operating system, `system:`, and what it distrusts. What of it cannot be read
/// is logged as a warning. Errors: as open() and TrustSource.
KEYSTORE_API Result<Trust> system_trust();

}  // namespace keystore::verify
