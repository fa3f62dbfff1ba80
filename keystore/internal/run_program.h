#pragma once

#include <string>
#include <vector>

#include "keystore/api.h"
#include "keystore/result.h"

namespace keystore {

/// Runs a program (found on PATH, no shell) to its end; what it prints goes to standard error. An
/// empty list is nothing to do. Errors: not_found, io (it failed).
KEYSTORE_API Result<void> run_program(const std::vector<std::string>& words);

}  // namespace keystore
