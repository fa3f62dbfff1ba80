#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace keystore::testing {

struct RunOptions {
  std::string input = {};                     ///< handed to standard input, then closed
  std::chrono::milliseconds timeout{60'000};  ///< then the program is killed
  std::vector<std::string> environment = {};  ///< "NAME=value" on top of ours; "NAME" unsets
  std::filesystem::path folder = {};          ///< where it runs; empty: here
};

/// How a program ended.
struct Outcome {
  int status = -1;  ///< exit status; -1 when a signal ended it
  int signal = 0;   ///< the signal, or 0
  bool timed_out = false;
  std::string out = {};
  std::string err = {};

  bool ok() const noexcept { return status == 0; }
  /// All of the above, for a failure message: `EXPECT_TRUE(x.ok()) << x.text()`.
  std::string text() const;
};

/// Runs `command` (found on PATH, no shell) to its end. Throws std::system_error when no process
/// can be made; a program that is not there ends with status 127. Any thread.
Outcome run(const std::vector<std::string>& command, const RunOptions& options = {});

/// Whether a program of that name is on PATH.
bool have_program(std::string_view name);

}  // namespace keystore::testing
