#pragma once

#include <functional>
#include <string_view>

#include "keystore/api.h"

namespace keystore {

enum class LogLevel { error, warning, info, debug };

/// Takes one line, without line end and without secrets. Called from any thread.
using LogSink = std::function<void(LogLevel, std::string_view)>;

/// Sends log lines to `sink` from now on; an empty function: to where the configuration says.
/// Without either nothing is written: a library never writes to its host's stderr.
KEYSTORE_API void set_log_sink(LogSink sink);
/// Writes a line when `level` is at or above the configured one. Never throws, never fails.
KEYSTORE_API void log(LogLevel level, std::string_view line) noexcept;

}  // namespace keystore
