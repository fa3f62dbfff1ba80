#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>

#include "backends/pkcs11/p11kit_modules.h"
#include "keystore/tokens.h"

namespace keystore::pkcs11 {
namespace {

Result<std::vector<std::string>> by_name(std::string_view name, const Config& config);
std::vector<std::string> configured(const Config& config);

}  // namespace

Result<std::vector<std::string>> find_modules(const Uri& uri, const Config& config) {
  if (const auto path = uri.query_attribute("module-path")) {
    if (!path->starts_with('/')) {
      return fail(Errc::invalid_argument,
                  fmt::format("module-path '{}' is not an absolute path", *path));
    }
    return std::vector{std::string(*path)};
  }
  if (const auto name = uri.query_attribute("module-name")) return by_name(*name, config);
  auto paths = configured(config);
  if (!paths.empty()) return paths;
  const char* environment = secure_getenv("PKCS11_MODULE_PATH");
  if (environment != nullptr && *environment != '\0') return std::vector{std::string(environment)};
  for (const auto& module : p11kit_modules()) paths.push_back(module.path);
  if (!paths.empty()) return paths;
  return fail(Errc::not_found, "no PKCS#11 module is configured",
              "name one in [modules] of the configuration, in PKCS11_MODULE_PATH or with "
              "?module-path= in the URI");
}

namespace {

Result<std::vector<std::string>> by_name(std::string_view name, const Config& config) {
  const auto found = std::ranges::find(config.modules, name, &ModuleConfig::name);
  if (found != config.modules.end()) return std::vector{found->path};
  for (const auto& module : p11kit_modules()) {
    if (module.name == name) return std::vector{module.path};
  }
  return fail(Errc::not_found, fmt::format("no module is named '{}'", name),
              "name it in [modules] of the configuration");
}

std::vector<std::string> configured(const Config& config) {
  std::vector<std::string> paths;
  for (const auto& module : config.modules) paths.push_back(module.path);
  return paths;
}

}  // namespace
}  // namespace keystore::pkcs11
