#include "backends/pem/open.h"

#include "backends/pem/store.h"
#include "keystore/internal/file_uri.h"

namespace keystore::pem {

Result<std::shared_ptr<StoreBackend>> open(const Uri& uri, const OpenContext& context) {
  const auto place = parse_file_uri(uri);
  if (!place) return Failure(place.error());
  return std::make_shared<PemStore>(uri, place->path, place->index, context);
}

}  // namespace keystore::pem
