#include "keystore/verify/doctor/tokens.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "keystore/internal/config_of.h"
#include "keystore/verify/doctor/report.h"

namespace keystore::verify::doctor {
namespace {

Uri token_of(const Uri& uri);
Severity severity_of(const std::string& module, const Uri& uri, const Config& config);
bool judge_pin(const pkcs11::TokenInfo& token, TargetReport& report);
void say_absent(const Uri& token, const std::vector<std::string>& there, TargetReport& report);

}  // namespace

bool Tokens::usable(const Uri& uri, TargetReport& report) {
  const auto token = token_of(uri);
  const auto name = token.canonical();
  const auto [known, fresh] = tokens_.try_emplace(name);
  auto& [place, seen] = known->second;
  if (fresh) place = look(token, seen);
  add(report, seen);
  return place.usable;
}

Uri Tokens::with_module(const Uri& uri) const {
  const auto known = tokens_.find(token_of(uri).canonical());
  if (known == tokens_.end() || known->second.place.module.empty()) return uri;
  return uri.without_query_attribute("module-name")
      .with_query_attribute("module-path", known->second.place.module);
}

Tokens::Place Tokens::look(const Uri& token, TargetReport& report) {
  const auto modules = modules_of(token, report);
  if (modules.sound.empty()) return {};
  std::vector<std::string> places;
  bool good = true;
  std::vector<std::string> there;
  for (const auto& path : modules.sound) {
    const auto all = pkcs11::list_tokens(module_uri(path), options_.open);
    for (const auto& each : all ? all->items : std::vector<pkcs11::TokenInfo>()) {
      if (each.initialised) there.push_back("'" + each.label + "'");
    }
    const auto fitting =
        pkcs11::list_tokens(token.with_query_attribute("module-path", path), options_.open);
    for (const auto& each : fitting ? fitting->items : std::vector<pkcs11::TokenInfo>()) {
      if (!each.initialised) continue;
      places.push_back(path);
      good = judge_pin(each, report) && good;
    }
  }
  if (places.empty()) say_absent(token, there, report);
  const bool one = std::ranges::adjacent_find(places, std::ranges::not_equal_to()) == places.end();
  if (places.empty() || !one) return {!places.empty() && good && !modules.any_dangerous};
  return {good, places.front()};
}

void Tokens::judge_all(TargetReport& report) {
  const auto config = config_of(options_.open);
  const auto all = Uri::parse("pkcs11:").value();
  if (!config || !pkcs11::find_modules(all, **config)) return;
  for (const auto& path : modules_of(all, report).sound) {
    const auto tokens = pkcs11::list_tokens(module_uri(path), options_.open);
    for (const auto& token : tokens ? tokens->items : std::vector<pkcs11::TokenInfo>()) {
      if (token.initialised) judge_pin(token, report);
    }
  }
}

Tokens::Modules Tokens::modules_of(const Uri& uri, TargetReport& report) {
  const auto config = config_of(options_.open);
  const auto paths = config ? pkcs11::find_modules(uri, **config) : Failure(config.error());
  if (!paths) {
    if (paths.error().code == Errc::not_found) {
      add(report, Code::module_load, paths.error().message, {paths.error().hint});
    } else {
      report.error = paths.error();
    }
    return {};
  }
  Modules modules;
  for (const auto& path : *paths) {
    const auto [known, fresh] = modules_.try_emplace(path);
    auto& [state, seen] = known->second;
    if (fresh) state = judge_module(path, severity_of(path, uri, **config), options_, seen);
    add(report, seen);
    if (state == ModuleState::sound) modules.sound.push_back(path);
    modules.any_dangerous |= state == ModuleState::dangerous;
  }
  return modules;
}

namespace {

/// Whose module-path and pin-source may be told apart from others, and whose object may not.
Uri token_of(const Uri& uri) {
  return uri.without_path_attribute("object")
      .without_path_attribute("id")
      .without_path_attribute("type")
      .without_query_attribute("pin-source")
      .without_query_attribute("pin-value");
}

/// What p11-kit lists was asked for by nobody here.
Severity severity_of(const std::string& module, const Uri& uri, const Config& config) {
  const bool named =
      uri.query_attribute("module-path") || uri.query_attribute("module-name") ||
      std::getenv("PKCS11_MODULE_PATH") != nullptr ||
      std::ranges::find(config.modules, module, &ModuleConfig::path) != config.modules.end();
  return named ? Severity::error : Severity::warning;
}

bool judge_pin(const pkcs11::TokenInfo& token, TargetReport& report) {
  const auto uri = token.uri.canonical();
  if (token.pin.locked) {
    add(report, Code::pin_locked, fmt::format("the PIN of {} is locked", uri),
        {"unblock it with the security officer's PIN, which sets a new one",
         fmt::format("keystore token pin {} --unblock", shell_word(uri))});
    return false;
  }
  if (token.pin.final_try) {
    add(report, Code::pin_final_try, fmt::format("one try is left for the PIN of {}", uri),
        {"look up the PIN and type it yourself: a good one starts the count anew. Where it is "
         "lost, "
         "the security officer sets a new one (keystore token pin URI --unblock)",
         fmt::format("keystore token pin {} --change", shell_word(uri))});
    return false;
  }
  return true;
}

void say_absent(const Uri& token, const std::vector<std::string>& there, TargetReport& report) {
  const auto present = there.empty() ? "there is no token at all"
                                     : fmt::format("there are {}", fmt::join(there, ", "));
  add(report, Code::token_absent, fmt::format("no token fits {}; {}", token.canonical(), present),
      {"plug it in, start the service that leads to it, or correct its name; keystore token ls "
       "shows "
       "the tokens that are there"});
}

}  // namespace
}  // namespace keystore::verify::doctor
