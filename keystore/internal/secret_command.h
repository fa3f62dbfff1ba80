#pragma once

#include <chrono>
#include <string>

#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore {

/// The first line that a program writes, without its line end. `command_line` is split at blanks;
/// no shell and no quoting. The program gets an empty standard input, the host's standard error and
/// no other descriptor. Errors: as SecretSource::read(); the program's own failure is io.
Result<Secret> read_from_command(const std::string& command_line,
                                 std::chrono::steady_clock::duration timeout);

}  // namespace keystore
