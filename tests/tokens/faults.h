#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/tokens/functions.h"

namespace keystore::testing {

/// One row: what happens to which calls of a function.
struct Fault {
  Function function = {};
  std::uint64_t first = 1;  ///< the call it starts with, as counted
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  std::chrono::milliseconds delay{0};
  std::optional<unsigned long> code = {};          ///< returned in place of the call
  std::optional<std::uint64_t> max_sessions = {};  ///< only while so many are open
};

/// The rows of a text, one a line, `#` starts a comment:
///
///     C_Sign         delay=20                every call takes 20 ms longer
///     C_SignInit     code=0x30 on=2          the second call fails with CKR_DEVICE_ERROR
///     C_FindObjects  code=0x30 from=3 to=5   as do the third to the fifth
///     C_OpenSession  code=0xB1 sessions=4    refused while 4 sessions of the process are open
///
/// Throws std::invalid_argument naming the line.
std::vector<Fault> parse_faults(std::string_view text);

/// The rows of a file, read again when the file changes (replace it by rename). No lock, so that
/// a forked child can go on. Any thread.
class FaultTable {
 public:
  /// An empty path has no rows.
  explicit FaultTable(std::filesystem::path file);

  /// Waits as the matching rows say, and gives the code to return in place of the call. Ends the
  /// process where the file is malformed.
  std::optional<unsigned long> apply(Function function, std::uint64_t call,
                                     std::uint64_t sessions) noexcept;

 private:
  struct Snapshot;
  const Snapshot* current();

  std::filesystem::path file_;
  std::atomic<const Snapshot*> snapshot_ = nullptr;
};

}  // namespace keystore::testing
