#pragma once

#include <sys/auxv.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "keystore/api.h"
#include "keystore/result.h"

namespace keystore {

/// What to start for `name`: the name, looked for on PATH, or, as a set-user-id program must not
/// run what its user chose, the file of the system's folders for programs.
KEYSTORE_API std::string program_path(const std::string& name,
                                      bool privileged = getauxval(AT_SECURE) != 0);

/// Runs a program (found as by program_path(), no shell) to its end; what it prints goes to
/// standard error, or into the new file `output`. An empty list is nothing to do. With `most` it is
/// killed, with what it started, when it takes longer. Errors: not_found, io (it failed),
/// timed_out.
KEYSTORE_API Result<void> run_program(const std::vector<std::string>& words,
                                      std::optional<std::chrono::milliseconds> most = {},
                                      const std::string& output = {});

}  // namespace keystore
