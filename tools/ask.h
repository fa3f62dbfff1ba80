#pragma once

#include <string>
#include <string_view>

#include "keystore/result.h"

namespace keystore::cli {

/// Whether the process has a controlling terminal.
bool has_terminal();
/// A line from the controlling terminal. Errors: invalid_argument without one, cancelled on ^D.
Result<std::string> ask_line(std::string_view prompt);
/// Goes on only after a "y" or "yes" on the terminal, or where `yes` says so already. Errors:
/// access_denied on any other answer and without a terminal.
Result<void> confirm(std::string_view question, bool yes);

}  // namespace keystore::cli
