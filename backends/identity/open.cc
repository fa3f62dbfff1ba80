#include "backends/identity/open.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/identity/store.h"

namespace keystore::identity {
namespace {

Result<const IdentityConfig*> find(const Config& config, const std::string& name);
Result<Uri> key_uri_of(const IdentityConfig& identity);
Result<OpenOptions> options_for(const IdentityConfig& identity, const Uri& uri,
                                const OpenOptions& given);
Uri beside(const Uri& key);

}  // namespace

Result<std::shared_ptr<StoreBackend>> open(const Uri& uri, const OpenContext& context) {
  const auto identity = find(*context.options.config, uri.path());
  if (!identity) return Failure(identity.error());
  const auto key_uri = key_uri_of(**identity);
  if (!key_uri) return Failure(key_uri.error());
  const auto options = options_for(**identity, uri, context.options);
  if (!options) return Failure(options.error());
  auto keys = context.registry->open(*key_uri, *options);
  if (!keys) return Failure(keys.error());
  const auto chain_uri = (*identity)->chain ? Uri::parse(*(*identity)->chain) : beside(*key_uri);
  if (!chain_uri) return Failure(chain_uri.error());
  auto chain = context.registry->open(*chain_uri, *options);
  if (!chain) return Failure(chain.error());
  const bool shared = !(*identity)->chain && key_uri->scheme() == "pkcs11";
  return std::make_shared<IdentityStore>(std::move(*keys), std::move(*chain), shared);
}

namespace {

Result<const IdentityConfig*> find(const Config& config, const std::string& name) {
  const auto found = std::ranges::find(config.identities, name, &IdentityConfig::name);
  if (found != config.identities.end()) return &*found;
  std::string known;
  for (const auto& identity : config.identities) {
    known += (known.empty() ? "" : ", ") + identity.name;
  }
  return fail(Errc::not_found, fmt::format("no identity '{}' in the configuration", name),
              known.empty() ? "it has no [identities.NAME] at all" : "it knows: " + known);
}

Result<Uri> key_uri_of(const IdentityConfig& identity) {
  if (identity.keys.size() != 1) {
    return fail(Errc::unsupported, fmt::format("identity '{}' has {} keys: this version opens one",
                                               identity.name, identity.keys.size()));
  }
  auto uri = Uri::parse(identity.keys.front());
  if (uri && uri->scheme() == "keystore") {
    return fail(Errc::invalid_argument,
                fmt::format("identity '{}' names another identity as its key", identity.name));
  }
  return uri;
}

/// The PIN source: that of the `keystore:` URI, else the caller's, else the configuration's.
Result<OpenOptions> options_for(const IdentityConfig& identity, const Uri& uri,
                                const OpenOptions& given) {
  OpenOptions options = given;
  // What the configuration names is no data, whoever wrote the identity's name.
  options.origin = UriOrigin::caller;
  options.create = false;
  if (!options.pin_source) options.pin_source = identity.pin;
  for (const auto& attribute : uri.query_attributes()) {
    const bool value = attribute.name == "pin-value";
    if (!value && attribute.name != "pin-source") {
      return fail(Errc::invalid_argument,
                  fmt::format("keystore: URIs have no attribute '{}'", attribute.name));
    }
    auto source = value ? SecretSource::parse("pass:" + attribute.value)
                        : SecretSource::parse_attribute(attribute.value);
    if (!source) return Failure(source.error());
    options.pin_source = std::move(*source);
  }
  return options;
}

/// Where certificates beside the key are looked for: its whole file, its whole token.
Uri beside(const Uri& key) {
  if (key.scheme() != "pkcs11") return key.without_query_attribute("index");
  return key.without_path_attribute("object").without_path_attribute("id").without_path_attribute(
      "type");
}

}  // namespace
}  // namespace keystore::identity
