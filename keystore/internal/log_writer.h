#pragma once

#include <string_view>

#include "keystore/config.h"
#include "keystore/log.h"

namespace keystore {

/// Opens the file that `settings` name, so that a process which gives up its rights or its root
/// folder later, and its children, can still write there. Failures are dropped.
void keep_log_open(const LogConfig& settings);

/// Writes one line to where `settings.to` says: file:PATH, syslog or journal. Everything else,
/// "stderr" too, writes nothing: that is the command's own sink. Opens what it writes to anew for
/// each line, so it survives forks, log rotation and lost daemons; the file that was kept open is
/// the second choice. Failures are dropped.
void write_log_line(const LogConfig& settings, LogLevel level, std::string_view line);

/// "error", "warning", "info", "debug".
std::string_view to_string(LogLevel level) noexcept;

}  // namespace keystore
