#include "keystore/verify/doctor/report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace keystore::verify {

std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "error";
}

std::string_view to_string(TargetVerdict verdict) noexcept {
  switch (verdict) {
    case TargetVerdict::ok:
      return "ok";
    case TargetVerdict::warn:
      return "warn";
    case TargetVerdict::fail:
      return "fail";
  }
  return "fail";
}

TargetVerdict TargetReport::verdict() const noexcept {
  auto worst = Severity::note;
  for (const auto& finding : findings) worst = std::max(worst, finding.severity);
  if (error || worst == Severity::error) return TargetVerdict::fail;
  return worst == Severity::warning ? TargetVerdict::warn : TargetVerdict::ok;
}

namespace doctor {

void add(TargetReport& report, Code code, std::string message, Fix fix,
         std::optional<Severity> severity) {
  const auto& row = row_of(code);
  add(report, Finding{.code = std::string(row.name),
                      .severity = severity.value_or(row.severity),
                      .message = std::move(message),
                      .why = std::string(row.why),
                      .fix = std::move(fix)});
}

void add(TargetReport& report, Finding finding) {
  const bool told = std::ranges::any_of(report.findings, [&](const Finding& other) {
    return other.code == finding.code && other.message == finding.message;
  });
  if (!told) report.findings.push_back(std::move(finding));
}

void add(TargetReport& report, const TargetReport& other) {
  for (const auto& finding : other.findings) add(report, finding);
  if (other.error && !report.error) report.error = other.error;
}

std::string time_text(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string days_text(std::chrono::days days) {
  return fmt::format("{} {}", days.count(), days.count() == 1 ? "day" : "days");
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=@%+,-";
  if (!text.empty() && text.find_first_not_of(plain) == text.npos) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

}  // namespace doctor
}  // namespace keystore::verify
