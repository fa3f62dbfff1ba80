#include "keystore/internal/policy.h"

#include <algorithm>

#include "keystore/secret_source.h"

namespace keystore {

Result<void> check_policy(const PolicyConfig& policy, const Entry& key) {
  if (policy.require_token && key.custody != Custody::token) {
    return fail(Errc::refused_by_policy,
                "key '" + key.uri.canonical() + "' is not on a token: policy require_token");
  }
  const bool small =
      key.shape && key.shape->type == KeyType::rsa && key.shape->bits < policy.min_rsa_bits;
  if (small) {
    return fail(Errc::refused_by_policy, "key '" + key.uri.canonical() + "' has " +
                                             std::to_string(key.shape->bits) + " bits, less than " +
                                             std::to_string(policy.min_rsa_bits) +
                                             ": policy min_rsa_bits");
  }
  return {};
}

Result<void> check_module_policy(const PolicyConfig& policy, const Uri& uri) {
  const auto path = uri.query_attribute("module-path");
  if (!path || policy.module_allow.empty()) return {};
  if (std::ranges::find(policy.module_allow, *path) != policy.module_allow.end()) return {};
  return fail(Errc::refused_by_policy,
              "module '" + std::string(*path) + "' is not allowed: policy module_allow",
              "add its path to module_allow under [policy] if it shall be used");
}

Result<void> check_data_uri(const Config& config, const Uri& uri) {
  if (auto pin = check_data_pin(uri); !pin) return pin;
  const auto path = uri.query_attribute("module-path");
  if (!path ||
      std::ranges::find(config.modules, *path, &ModuleConfig::path) != config.modules.end()) {
    return {};
  }
  return fail(Errc::refused_by_policy,
              "module-path '" + std::string(*path) + "' in '" + uri.canonical() +
                  "' comes from data and is not in the configuration",
              "list the module under [modules] in the configuration");
}

Result<void> check_data_pin(const Uri& uri) {
  if (uri.query_attribute("pin-value")) {
    return fail(Errc::malformed, "'" + uri.canonical() + "' comes from data and holds a pin-value",
                "name a pin-source instead");
  }
  const auto text = uri.query_attribute("pin-source");
  if (!text) return {};
  const auto source = SecretSource::parse_attribute(*text);
  if (!source) {
    return fail(Errc::malformed, "the pin-source of '" + uri.canonical() + "' is malformed");
  }
  if (source->allowed_in_data()) return {};
  return fail(Errc::refused_by_policy,
              "the pin-source of '" + uri.canonical() +
                  "' comes from data and is none of file:, cred: and prompt",
              "name a file: or cred: source there, or the source in the configuration");
}

}  // namespace keystore
