#include "keystore/verify/doctor/installation.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "keystore/internal/config_of.h"
#include "keystore/verify/doctor/certificates.h"
#include "keystore/verify/doctor/keys.h"
#include "keystore/verify/doctor/pin_source.h"
#include "keystore/verify/doctor/report.h"
#include "keystore/verify/doctor/stores.h"

namespace keystore::verify::doctor {
namespace {

void judge_configuration(const Config& config, TargetReport& report);
void judge_pin_sources(const IdentityConfig& identity, TargetReport& report);
void judge_identity(const IdentityConfig& identity, Stores& stores, Case& all);

}  // namespace

void judge_installation(const CheckOptions& options, std::chrono::sys_seconds at,
                        TargetReport& report) {
  const auto config = config_of(options.open);
  if (!config) {
    report.error = config.error();
    return;
  }
  judge_configuration(**config, report);
  auto silent = options;
  silent.open.pin = {};
  const Trust nothing;
  Stores stores(silent);
  stores.judge_tokens(report);
  for (const auto& identity : (*config)->identities) {
    judge_pin_sources(identity, report);
    for (const auto& key : identity.keys) {
      auto one = identity;
      one.keys = {key};
      Case all{.options = silent, .trust = nothing, .at = at};
      judge_identity(one, stores, all);
      add(report, all.targets.front().report);
    }
  }
  judge_provider(options, report);
}

namespace {

void judge_configuration(const Config& config, TargetReport& report) {
  struct stat status = {};
  const auto& file = config.origin;
  if (file.empty() || stat(file.c_str(), &status) != 0) return;
  if ((status.st_mode & S_IWOTH) == 0) return;
  add(report, Code::module_permissions,
      fmt::format("every user can change {}, which names the modules that are loaded", file),
      {"take the others' right to write", "chmod o-w " + shell_word(file)});
}

void judge_pin_sources(const IdentityConfig& identity, TargetReport& report) {
  if (identity.pin) judge_pin_source(*identity.pin, "keystore:" + identity.name, report);
  for (const auto& text : identity.keys) {
    if (const auto key = Uri::parse(text)) judge_pin_source(*key, report);
  }
}

/// Its paths are not: whose trust they need is not known here.
void judge_identity(const IdentityConfig& identity, Stores& stores, Case& all) {
  auto& target =
      all.targets.emplace_back(Target{.report = {.target = "keystore:" + identity.name}});
  stores.glance(identity, target);
  judge_keys(target);
  const auto leaves = leaves_of(all);
  judge_match(all, leaves);
  for (const auto& leaf : leaves) judge_leaf(leaf, all, target.report);
}

}  // namespace
}  // namespace keystore::verify::doctor
