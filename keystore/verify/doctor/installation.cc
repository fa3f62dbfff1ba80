#include "keystore/verify/doctor/installation.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "keystore/verify/doctor/pin_source.h"
#include "keystore/verify/doctor/report.h"
#include "keystore/verify/doctor/tokens.h"

namespace keystore::verify::doctor {
namespace {

void judge_configuration(const Config& config, TargetReport& report);
void judge_identity(const IdentityConfig& identity, TargetReport& report);

}  // namespace

void judge_installation(const CheckOptions& options, TargetReport& report) {
  const auto config = options.open.config != nullptr
                          ? Result<std::shared_ptr<const Config>>(options.open.config)
                          : process_config();
  if (!config) {
    report.error = config.error();
    return;
  }
  judge_configuration(**config, report);
  for (const auto& identity : (*config)->identities) judge_identity(identity, report);
  Tokens(options).judge_all(report);
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

void judge_identity(const IdentityConfig& identity, TargetReport& report) {
  if (identity.pin) judge_pin_source(*identity.pin, "keystore:" + identity.name, report);
  for (const auto& text : identity.keys) {
    if (const auto key = Uri::parse(text)) judge_pin_source(*key, report);
  }
}

}  // namespace
}  // namespace keystore::verify::doctor
