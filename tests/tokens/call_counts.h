#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "tests/tokens/functions.h"

namespace keystore::testing {

/// Calls of each PKCS#11 function, kept in a file that every process using the counting module
/// maps, so forked children and unrelated processes add up. Any thread.
class CallCounts {
 public:
  /// Makes the file where it is missing; with an empty path only forked children share the counts.
  /// Throws std::system_error.
  explicit CallCounts(const std::filesystem::path& file);
  ~CallCounts();
  CallCounts(const CallCounts&) = delete;
  CallCounts& operator=(const CallCounts&) = delete;

  /// Counts a call and says which one it is, 1 for the first.
  std::uint64_t add(Function function) noexcept;

  /// Throws std::out_of_range for a name that PKCS#11 2.40 does not have.
  std::uint64_t of(std::string_view name) const;
  std::uint64_t total() const noexcept;
  /// Those that were called.
  std::map<std::string, std::uint64_t> called() const;
  /// All calls back to 0. Nobody should be calling meanwhile.
  void reset() noexcept;

  using Counter = std::atomic<std::uint64_t>;
  static_assert(Counter::is_always_lock_free);

  /// Wrong PINs in a row, as the token remembers them (faults.h, pin-tries).
  Counter& wrong_pins() noexcept { return counters_[function_names.size()]; }

 private:
  Counter* counters_ = nullptr;
};

}  // namespace keystore::testing
