#include "backends/pkcs11/open.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/pkcs11/library.h"
#include "backends/pkcs11/store.h"
#include "keystore/tokens.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::array path_attributes = {"token",
                                        "manufacturer",
                                        "model",
                                        "serial",
                                        "slot-id",
                                        "slot-description",
                                        "slot-manufacturer",
                                        "library-manufacturer",
                                        "library-description",
                                        "library-version",
                                        "object",
                                        "id",
                                        "type"};
constexpr std::array query_attributes = {"pin-source", "pin-value", "module-path", "module-name"};

Result<void> check_names(const std::vector<UriAttribute>& attributes, auto& known) {
  for (const auto& attribute : attributes) {
    if (std::ranges::find(known, attribute.name) == known.end()) {
      return fail(
          Errc::invalid_argument,
          fmt::format("attribute '{}' of the pkcs11 URI is not known here", attribute.name));
    }
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<StoreBackend>> open(const Uri& uri, const OpenContext& context) {
  if (auto known = check_names(uri.path_attributes(), path_attributes); !known) {
    return Failure(known.error());
  }
  if (auto known = check_names(uri.query_attributes(), query_attributes); !known) {
    return Failure(known.error());
  }
  if (auto wanted = Wanted::from(uri); !wanted) return Failure(wanted.error());
  return TokenStore::create(uri, context.options);
}

}  // namespace keystore::pkcs11
