#pragma once

#include <string>
#include <vector>

#include "keystore/result.h"

namespace keystore::lifecycle {

/// Runs a program (found on PATH, no shell) to its end; what it prints goes to standard error. An
/// empty list is nothing to do. Errors: not_found, io (it failed).
Result<void> run_program(const std::vector<std::string>& words);

}  // namespace keystore::lifecycle
