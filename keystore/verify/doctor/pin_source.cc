#include "keystore/verify/doctor/pin_source.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "keystore/verify/doctor/report.h"

namespace keystore::verify::doctor {
namespace {

void judge_file(const std::string& file, const std::string& whose, TargetReport& report);
bool has(const TargetReport& report, Code code);

}  // namespace

bool judge_pin_source(const SecretSource& source, const std::string& whose, TargetReport& report) {
  using Kind = SecretSource::Kind;
  const auto kind = source.kind();
  if (kind == Kind::env || kind == Kind::pass) {
    add(report, Code::pin_source,
        fmt::format("the PIN of {} comes from {}, which other programs of the user can read", whose,
                    source.to_string()),
        {"keep it in a file of its own (file:PATH) or a credential of the service (cred:NAME)"},
        Severity::note);
  }
  if (kind != Kind::file && kind != Kind::cred && kind != Kind::env) return true;
  const auto pin = source.read({.what = PinRequest::What::token_pin, .object = whose});
  if (!pin) {
    add(report, Code::pin_source,
        fmt::format("the PIN of {} cannot be read: {}", whose, pin.error().message),
        {fmt::format("put the PIN where {} says, readable by the user who starts the server",
                     source.to_string())});
  } else if (kind == Kind::file) {
    judge_file(source.argument(), whose, report);
  }
  return pin.has_value();
}

bool judge_pin_source(const Uri& uri, TargetReport& report) {
  const auto text = uri.query_attribute("pin-source");
  const auto source = text ? SecretSource::parse_attribute(*text) : SecretSource::parse("prompt");
  return !source || judge_pin_source(*source, uri.canonical(), report);
}

bool judge_pin_error(const Error& error, TargetReport& report) {
  switch (error.code) {
    case Errc::pin_required:
    case Errc::pin_incorrect:
      // A source that cannot be read was told already.
      if (!has(report, Code::pin_source)) {
        add(report, Code::pin_source, error.message,
            {"give the right one with --pin SRC, or write a pin-source that holds it into the URI "
             "or "
             "the configuration"});
      }
      return true;
    case Errc::pin_locked:
      if (!has(report, Code::pin_locked) && !has(report, Code::pin_final_try)) {
        add(report, Code::pin_locked, error.message,
            {"unblock it with the security officer's PIN: keystore token pin URI --unblock"});
      }
      return true;
    default:
      return false;
  }
}

namespace {

void judge_file(const std::string& file, const std::string& whose, TargetReport& report) {
  struct stat status = {};
  if (stat(file.c_str(), &status) != 0 || (status.st_mode & S_IRWXO) == 0) return;
  add(report, Code::pin_source,
      fmt::format("every user can read the PIN of {} in {} (mode {:04o})", whose, file,
                  status.st_mode & 07777U),
      {"take the others' rights", "chmod o-rwx " + shell_word(file)}, Severity::warning);
}

bool has(const TargetReport& report, Code code) {
  return std::ranges::any_of(report.findings, [&](const Finding& finding) {
    return finding.code == row_of(code).name && finding.severity == Severity::error;
  });
}

}  // namespace
}  // namespace keystore::verify::doctor
