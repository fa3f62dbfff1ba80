#include "tools/token_admin.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "keystore/tokens.h"
#include "tools/output.h"

namespace keystore::cli {
namespace {

Result<void> check_module(const std::string& path, const PolicyConfig& policy);
Result<std::vector<pkcs11::TokenSlot>> slots_of(const ModuleConfig& module);
bool matches(const pkcs11::TokenSlot& token, const Uri& uri);
Uri token_uri(const pkcs11::TokenSlot& token);

}  // namespace

Result<std::vector<ModuleConfig>> modules_for_admin(const std::string& path, const Uri& uri) {
  const auto config = process_config();
  if (!config) return Failure(config.error());
  const auto where = path.empty() ? uri : uri.with_query_attribute("module-path", path);
  const auto paths = pkcs11::find_modules(where, **config);
  if (!paths) return Failure(paths.error());
  std::vector<ModuleConfig> modules;
  for (const auto& each : *paths) {
    if (const auto good = check_module(each, (*config)->policy); !good)
      return Failure(good.error());
    const auto& known = (*config)->modules;
    const auto module = std::ranges::find(known, each, &ModuleConfig::path);
    modules.push_back(module == known.end() ? ModuleConfig{.path = each} : *module);
  }
  return modules;
}

Result<AdminToken> token_for_admin(const Uri& uri) {
  const auto modules = modules_for_admin({}, uri);
  if (!modules) return Failure(modules.error());
  std::optional<ModuleConfig> where;
  std::vector<pkcs11::TokenSlot> candidates;
  std::optional<Error> skipped;
  for (const auto& module : *modules) {
    const auto slots = slots_of(module);
    if (!slots) skipped = slots.error();
    if (!slots) continue;
    for (const auto& token : *slots) {
      if (!matches(token, uri)) continue;
      candidates.push_back(token);
      where = module;
    }
  }
  if (candidates.empty()) {
    if (skipped) return Failure(*skipped);
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
    auto hint = std::string("name one with --module PATH:");
    for (const auto& each : *modules) hint += ' ' + each.path;
    return fail(Errc::ambiguous, "there are several modules", std::move(hint));
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
  if (same == 1) {
    uri = uri.without_path_attribute("serial");
  } else {
    print_warning(
        fmt::format("{} tokens are labelled '{}': a URI has to name the serial, too, to mean one",
                    same, token.label));
  }
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

Result<std::vector<pkcs11::TokenSlot>> slots_of(const ModuleConfig& module) {
  auto admin = pkcs11::TokenAdmin::open(module);
  if (!admin) return Failure(admin.error());
  return admin->slots();
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
