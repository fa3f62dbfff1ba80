#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/backend.h"
#include "keystore/store.h"
#include "keystore/uri.h"

namespace keystore {

using OpenFunction = Result<std::shared_ptr<StoreBackend>> (*)(const Uri& uri,
                                                               const OpenContext& context);

/// One row per scheme, also for what this build lacks, so that open() can say why.
struct BackendRow {
  std::string_view scheme = {};
  std::string_view absent_because = {};  ///< empty when compiled in
  OpenFunction open = nullptr;
};

/// The backends that URIs are opened with. Immutable; tests build their own.
class KEYSTORE_API Registry {
 public:
  explicit Registry(std::vector<BackendRow> rows) : rows_(std::move(rows)) {}
  std::span<const BackendRow> rows() const noexcept { return rows_; }
  /// See keystore::open(). Enforces what a URI from data may say, and the module policy.
  Result<Store> open(const Uri& uri, const OpenOptions& options) const;

 private:
  std::vector<BackendRow> rows_;
};

/// The backends of this build (backends/builtin.cc).
KEYSTORE_API const Registry& builtin_registry();

}  // namespace keystore
