#include "keystore/backend.h"
#include "keystore/internal/held_pin.h"
#include "keystore/internal/pin_origin.h"
#include "keystore/internal/policy.h"

namespace keystore {
namespace {

PinOrigin origin_of(const SecretSource& source);
Result<Secret> read_from(const SecretSource& source, const PinRequest& request);

}  // namespace

Result<Secret> read_pin(const Uri& uri, const OpenOptions& options, const PinRequest& request) {
  if (options.origin == UriOrigin::data) {
    if (auto allowed = check_data_pin(uri); !allowed) return Failure(allowed.error());
  }
  if (options.held_pin != nullptr) {
    if (auto held = options.held_pin->copy()) return std::move(*held);
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

PinOrigin pin_origin(const Uri& uri, const OpenOptions& options) {
  if (uri.query_attribute("pin-value")) return PinOrigin::again;
  if (const auto text = uri.query_attribute("pin-source")) {
    const auto source = SecretSource::parse_attribute(*text);
    return source ? origin_of(*source) : PinOrigin::nobody;
  }
  if (options.pin_source) return origin_of(*options.pin_source);
  return options.pin ? PinOrigin::callback : PinOrigin::nobody;
}

bool pin_is_stated(const Uri& uri, const OpenOptions& options) {
  if (uri.query_attribute("pin-value")) return true;
  if (const auto text = uri.query_attribute("pin-source")) {
    const auto source = SecretSource::parse_attribute(*text);
    return source && source->kind() == SecretSource::Kind::pass;
  }
  return options.pin_source && options.pin_source->kind() == SecretSource::Kind::pass;
}

namespace {

PinOrigin origin_of(const SecretSource& source) {
  using Kind = SecretSource::Kind;
  switch (source.kind()) {
    case Kind::prompt:
      return PinOrigin::person;
    case Kind::fd:
      return PinOrigin::once;
    case Kind::file:
    case Kind::cred:
    case Kind::cmd:
    case Kind::env:
    case Kind::pass:
      break;
  }
  return PinOrigin::again;
}

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
