#include "bindings/openssl/provider/load_options.h"

namespace keystore::provider {

Result<OpenOptions> load_options(const LoadPassphrase& passphrase, UriOrigin origin) {
  auto config = process_config();
  if (!config) return Failure(config.error());
  return OpenOptions{.pin = passphrase.callback(), .config = *std::move(config), .origin = origin};
}

}  // namespace keystore::provider
