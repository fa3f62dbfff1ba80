#pragma once

#include <optional>
#include <string>

#include "keystore/verify/check.h"
#include "keystore/verify/doctor/codes.h"

namespace keystore::verify::doctor {

/// Adds a finding, with the severity of its code unless `severity` says otherwise. One that is told
/// already is not told again.
void add(TargetReport& report, Code code, std::string message, Fix fix,
         std::optional<Severity> severity = {});
void add(TargetReport& report, Finding finding);
/// What another report says, and its error where there is none yet.
void add(TargetReport& report, const TargetReport& other);

/// How the repair of most certificates begins.
constexpr auto have_issued_anew = "have the certificate issued anew";

/// "2026-03-01T12:00:00Z"
std::string time_text(std::chrono::sys_seconds time);
/// "1 day", "12 days"
std::string days_text(std::chrono::days days);
/// `text` as one word of a POSIX shell.
std::string shell_word(std::string_view text);

}  // namespace keystore::verify::doctor
