#include "keystore/backend.h"
#include "keystore/internal/policy.h"

namespace keystore {
namespace {

Result<Secret> read_from(const SecretSource& source, const PinRequest& request);

}  // namespace

Result<Secret> read_pin(const Uri& uri, const OpenOptions& options, const PinRequest& request) {
  if (options.origin == UriOrigin::data) {
    if (auto allowed = check_data_pin(uri); !allowed) return Failure(allowed.error());
  }
  if (const auto value = uri.query_attribute("pin-value")) return Secret::copy_of(*value);
  if (const auto text = uri.query_attribute("pin-source")) {
    const auto source = SecretSource::parse_attribute(*text);
    if (!source) return Failure(source.error());
    return read_from(*source, request);
  }
  if (options.pin_source) return read_from(*options.pin_source, request);
  if (options.pin) return options.pin(request);
  return fail(Errc::pin_required, "no source for the " + request.prompt(),
              "name one with pin-source in the URI, pin in the configuration, or --pin");
}

namespace {

// A source that cannot be read is a missing PIN, not a missing key.
Result<Secret> read_from(const SecretSource& source, const PinRequest& request) {
  auto secret = source.read(request);
  if (secret) return secret;
  auto error = std::move(secret).error();
  switch (error.code) {
    case Errc::not_found:
    case Errc::access_denied:
    case Errc::io:
      error.message = "no " + request.prompt() + ": " + error.message;
      error.code = Errc::pin_required;
      break;
    default:
      break;
  }
  return Failure(std::move(error));
}

}  // namespace

}  // namespace keystore
