#include "keystore/registry.h"

#include <algorithm>

#include "keystore/internal/config_of.h"
#include "keystore/internal/narrowed_store.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/policy.h"

namespace keystore {
namespace {

/// Why the URI may not be opened, if so.
Result<void> check_uri(const Config& config, const Uri& uri, UriOrigin origin) {
  if (origin == UriOrigin::data) {
    if (auto allowed = check_data_uri(config, uri); !allowed) return allowed;
  }
  return check_module_policy(config.policy, uri);
}

Result<std::shared_ptr<StoreBackend>> open_backend(const BackendRow& row, const Uri& uri,
                                                   const OpenContext& context) {
  auto backend = row.open(uri, context);
  const auto around = uri_around(uri);
  if (!backend || around == uri) return backend;
  return std::make_shared<NarrowedStore>(
      *std::move(backend), [open = row.open, around, context] { return open(around, context); });
}

}  // namespace

Uri uri_around(const Uri& uri) {
  return uri.without_path_attribute("object")
      .without_path_attribute("id")
      .without_path_attribute("type")
      .without_query_attribute("index");
}

Result<Store> Registry::open(const Uri& uri, const OpenOptions& options) const {
  const auto row = std::ranges::find(rows_, uri.scheme(), &BackendRow::scheme);
  if (row == rows_.end()) {
    return fail(Errc::unsupported, "no store is known for '" + uri.scheme() + ":'");
  }
  if (!row->absent_because.empty()) {
    return fail(Errc::unsupported,
                "cannot open '" + uri.canonical() + "': " + std::string(row->absent_because));
  }
  const auto config = config_of(options);
  if (!config) return Failure(config.error());
  if (auto allowed = check_uri(**config, uri, options.origin); !allowed) {
    return Failure(allowed.error());
  }
  OpenContext context{.registry = this, .options = options};
  context.options.config = *config;
  const OpensslErrorMark mark;
  auto backend = open_backend(*row, uri, context);
  if (!backend) return Failure(backend.error());
  return Store(uri, *std::move(backend), (*config)->policy);
}

Result<Store> open(std::string_view uri, const OpenOptions& options) {
  const auto parsed = Uri::parse(uri);
  if (!parsed) return Failure(parsed.error());
  return open(*parsed, options);
}

Result<Store> open(const Uri& uri, const OpenOptions& options) {
  return builtin_registry().open(uri, options);
}

}  // namespace keystore
