#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "keystore/api.h"
#include "keystore/result.h"

namespace keystore {

/// Runs a program (found on PATH, no shell) to its end; what it prints goes to standard error, or
/// into the new file `output`. An empty list is nothing to do. With `most` it is killed, with what
/// it started, when it takes longer. Errors: not_found, io (it failed), timed_out.
KEYSTORE_API Result<void> run_program(const std::vector<std::string>& words,
                                      std::optional<std::chrono::milliseconds> most = {},
                                      const std::string& output = {});

}  // namespace keystore
