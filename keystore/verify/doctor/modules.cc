#include "keystore/verify/doctor/modules.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>

#include "keystore/tokens.h"
#include "keystore/verify/doctor/child.h"
#include "keystore/verify/doctor/report.h"

namespace keystore::verify::doctor {
namespace {

std::string error_text(const Error& error);
Error error_of(const std::string& text);
void say_refused(const std::string& path, const Error& error, Severity severity,
                 TargetReport& report);
std::string mend_permissions(const std::string& path);

}  // namespace

ModuleState judge_module(const std::string& path, Severity severity, const CheckOptions& options,
                         TargetReport& report) {
  const auto child = run_in_child(
      [&] {
        const auto tokens = pkcs11::list_tokens(module_uri(path), options.open);
        return tokens ? std::string() : error_text(tokens.error());
      },
      options.time_limit);
  switch (child.end) {
    case ChildEnd::stuck:
      add(report, Code::token_stuck,
          fmt::format("module {} did not say which tokens it has within {} ms", path,
                      options.time_limit.count()),
          {"look after the device or the service behind it: plug it out and in, restart its "
           "daemon, "
           "see its log"},
          severity);
      return ModuleState::dangerous;
    case ChildEnd::crashed:
      add(report, Code::module_load, fmt::format("module {} crashes while it is started", path),
          {"install another version of it, and tell its maker"}, severity);
      return ModuleState::dangerous;
    case ChildEnd::done:
      break;
  }
  if (child.answer.empty()) return ModuleState::sound;
  say_refused(path, error_of(child.answer), severity, report);
  return ModuleState::broken;
}

Uri module_uri(const std::string& path) {
  return Uri::parse("pkcs11:").value().with_query_attribute("module-path", path);
}

namespace {

std::string error_text(const Error& error) {
  return fmt::format("{}\n{}\n{}", static_cast<std::int32_t>(error.code), error.message,
                     error.hint);
}

Error error_of(const std::string& text) {
  const auto message = text.find('\n') + 1;
  const auto hint = text.find('\n', message) + 1;
  std::int32_t code = 0;
  std::from_chars(text.data(), text.data() + message, code);
  return {static_cast<Errc>(code), text.substr(message, hint - 1 - message), {}, text.substr(hint)};
}

void say_refused(const std::string& path, const Error& error, Severity severity,
                 TargetReport& report) {
  if (error.code == Errc::refused_by_policy || error.code == Errc::invalid_argument) {
    report.error = error;
  } else if (error.code == Errc::access_denied) {
    add(report, Code::module_permissions, error.message,
        {"make it root's, and let nobody else write it or its folder", mend_permissions(path)},
        severity);
  } else {
    add(report, Code::module_load, error.message,
        {error.hint.empty() ? "install the module again, or correct its path in the configuration"
                            : error.hint},
        severity);
  }
}

std::string mend_permissions(const std::string& path) {
  std::string command;
  const auto add_words = [&command](const std::string& words) {
    command += (command.empty() ? "" : " && ") + words;
  };
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return command;
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    add_words("chown root " + shell_word(path));
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) add_words("chmod go-w " + shell_word(path));
  const auto folder = std::filesystem::path(path).parent_path().string();
  const bool shared = ::stat(folder.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0 &&
                      (status.st_mode & S_ISVTX) == 0;
  if (shared) add_words("chmod o-w " + shell_word(folder));
  return command;
}

}  // namespace
}  // namespace keystore::verify::doctor
