#include "tools/token_admin.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "tools/output.h"

namespace keystore::cli {
namespace {

Result<void> check_module(const std::string& path, const PolicyConfig& policy);
bool matches(const pkcs11::TokenSlot& token, const Uri& uri);
Uri token_uri(const pkcs11::TokenSlot& token);

}  // namespace

Result<std::vector<ModuleConfig>> modules_for_admin(const std::string& path, const Uri& uri) {
  const auto config = process_config();
  if (!config) return Failure(config.error());
  std::vector<ModuleConfig> modules;
  const auto named = path.empty() ? uri.query_attribute("module-path") : std::string_view(path);
  const auto name = uri.query_attribute("module-name");
  for (const auto& module : (*config)->modules) {
    if (named && module.path != *named) continue;
    if (name && module.name != *name) continue;
    modules.push_back(module);
  }
  if (named && modules.empty()) modules.push_back({.path = std::string(*named)});
  const char* const variable = std::getenv("PKCS11_MODULE_PATH");
  if (modules.empty() && !name && variable != nullptr) modules.push_back({.path = variable});
  if (modules.empty()) {
    return fail(Errc::not_found, "no PKCS#11 module is configured",
                "give --module PATH or add [modules] to the configuration");
  }
  for (const auto& module : modules) {
    const auto good = check_module(module.path, (*config)->policy);
    if (!good) return Failure(good.error());
  }
  return modules;
}

Result<AdminToken> token_for_admin(const Uri& uri) {
  const auto modules = modules_for_admin({}, uri);
  if (!modules) return Failure(modules.error());
  std::optional<ModuleConfig> where;
  std::vector<pkcs11::TokenSlot> candidates;
  for (const auto& module : *modules) {
    auto admin = pkcs11::TokenAdmin::open(module);
    if (!admin) return Failure(admin.error());
    const auto slots = admin->slots();
    if (!slots) return Failure(slots.error());
    for (const auto& token : *slots) {
      if (!matches(token, uri)) continue;
      candidates.push_back(token);
      where = module;
    }
  }
  if (candidates.empty()) {
    return fail(Errc::not_found, fmt::format("no token matches {}", uri.canonical()),
                "see keystore token ls");
  }
  if (candidates.size() > 1) {
    auto message = fmt::format("{} matches {} tokens:", uri.canonical(), candidates.size());
    for (const auto& token : candidates) message += ' ' + token_uri(token).canonical();
    return fail(Errc::ambiguous, message, "name one of them by its serial");
  }
  auto admin = pkcs11::TokenAdmin::open(*where);
  if (!admin) return Failure(admin.error());
  return AdminToken{*where, *std::move(admin), candidates.front()};
}

Result<AdminToken> slot_for_admin(const std::string& module, std::optional<unsigned long> slot,
                                  bool force) {
  const auto modules = modules_for_admin(module, Uri::parse("pkcs11:").value());
  if (!modules) return Failure(modules.error());
  if (modules->size() > 1) {
    return fail(Errc::ambiguous, "several modules are configured", "name one with --module PATH");
  }
  auto admin = pkcs11::TokenAdmin::open(modules->front());
  if (!admin) return Failure(admin.error());
  const auto slots = admin->slots();
  if (!slots) return Failure(slots.error());
  for (const auto& token : *slots) {
    if (slot ? token.slot != *slot : token.initialised) continue;
    if (token.initialised && !force) {
      return fail(Errc::already_exists,
                  fmt::format("slot {} holds the initialised token '{}'", token.slot, token.label),
                  "--force initialises it again; all its objects are lost");
    }
    return AdminToken{modules->front(), *std::move(admin), token};
  }
  if (slot) return fail(Errc::not_found, fmt::format("there is no token in slot {}", *slot));
  return fail(Errc::not_found, fmt::format("{} has no free slot", modules->front().path),
              "see keystore token ls");
}

Result<Secret> secret_or_ask(const SecretOption& option, const PinRequest& request) {
  auto secret = option.read(request);
  if (!secret) return Failure(secret.error());
  if (*secret) return std::move(**secret);
  return read_secret_from_terminal(request.prompt());
}

Result<int> print_token(AdminToken& admin, bool json) {
  const auto all = admin.admin.slots();
  if (!all) return Failure(all.error());
  const auto& token = admin.token;
  const auto same = std::count_if(all->begin(), all->end(), [&](const pkcs11::TokenSlot& other) {
    return other.initialised && other.label == token.label;
  });
  auto uri = token_uri(token);
  if (same == 1) uri = uri.without_path_attribute("serial");
  if (!json) {
    print_line(uri.canonical());
    return 0;
  }
  const Json object = {{"uri", uri.canonical()},
                       {"label", token.label},
                       {"manufacturer", token.manufacturer},
                       {"model", token.model},
                       {"serial", token.serial},
                       {"module", admin.module.path},
                       {"slot", token.slot},
                       {"initialised", token.initialised}};
  print_json({{"tokens", Json::array({object})}});
  return 0;
}

namespace {

/// A module runs with all rights of this process.
Result<void> check_module(const std::string& path, const PolicyConfig& policy) {
  if (!path.starts_with('/')) {
    return fail(Errc::invalid_argument, fmt::format("module path '{}' is not absolute", path));
  }
  const auto& allowed = policy.module_allow;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), path) == allowed.end()) {
    return fail(Errc::refused_by_policy, fmt::format("module {} is not in module_allow", path));
  }
  struct stat file = {};
  if (stat(path.c_str(), &file) != 0) {
    return Failure(error_from_errno(errno, "stat", "load module", path));
  }
  const bool ours = file.st_uid == 0 || file.st_uid == geteuid();
  if (!ours || (file.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(Errc::access_denied, fmt::format("module {} can be changed by other users", path),
                "give it to root and take the others' right to write");
  }
  return {};
}

bool matches(const pkcs11::TokenSlot& token, const Uri& uri) {
  const auto is = [&uri](std::string_view name, std::string_view value) {
    const auto wanted = uri.path_attribute(name);
    return !wanted || *wanted == value;
  };
  return token.initialised && is("token", token.label) && is("serial", token.serial) &&
         is("manufacturer", token.manufacturer) && is("model", token.model) &&
         is("slot-id", std::to_string(token.slot));
}

Uri token_uri(const pkcs11::TokenSlot& token) {
  return Uri::parse("pkcs11:")
      .value()
      .with_path_attribute("token", token.label)
      .with_path_attribute("serial", token.serial);
}

}  // namespace
}  // namespace keystore::cli
