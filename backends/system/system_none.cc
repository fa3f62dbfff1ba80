#include "backends/system/system.h"

namespace keystore::system {

Result<std::shared_ptr<StoreBackend>> open(const Uri&, const OpenContext&) {
  return fail(Errc::unsupported, "the trust store of this operating system is not read",
              "name a file with the anchors");
}

}  // namespace keystore::system
