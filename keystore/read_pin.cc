#include "keystore/backend.h"
#include "keystore/internal/policy.h"

namespace keystore {
Result<Secret> read_pin(const Uri& uri, const OpenOptions& options, const PinRequest& request) {
  if (options.origin == UriOrigin::data) {
    if (auto allowed = check_data_pin(uri); !allowed) return Failure(allowed.error());
  }
  if (const auto value = uri.query_attribute("pin-value")) return Secret::copy_of(*value);
  if (const auto text = uri.query_attribute("pin-source")) {
    const auto source = SecretSource::parse_attribute(*text);
    if (!source) return Failure(source.error());
    return source->read(request);
  }
  if (options.pin_source) return options.pin_source->read(request);
  if (options.pin) return options.pin(request);
  return fail(Errc::pin_required, "no source for the " + request.prompt(),
              "name one with pin-source in the URI, pin in the configuration, or --pin");
}

}  // namespace keystore
