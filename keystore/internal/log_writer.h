#pragma once

#include <string_view>

#include "keystore/config.h"
#include "keystore/log.h"

namespace keystore {

/// Writes one line to where `settings.to` says: file:PATH, syslog or journal. Everything else,
/// "stderr" too, writes nothing: that is the command's own sink. Opens what it writes to anew for
/// each line, so it survives forks, log rotation and lost daemons. Failures are dropped.
void write_log_line(const LogConfig& settings, LogLevel level, std::string_view line);

/// "error", "warning", "info", "debug".
std::string_view to_string(LogLevel level) noexcept;

}  // namespace keystore
