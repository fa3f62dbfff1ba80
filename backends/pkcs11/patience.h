#pragma once

#include <chrono>
#include <string_view>

#include "keystore/operation.h"
#include "keystore/result.h"

namespace keystore::pkcs11 {

/// How long one operation of ours may wait, retry and recover (DESIGN.md, section 9). One thread.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Patience(const CallLimits& limits = {});

  Clock::time_point deadline() const noexcept { return deadline_; }
  /// For the first use of a token, where a whole family of processes may stand in line.
  Clock::time_point first_use_deadline() const noexcept { return first_use_deadline_; }
  bool over() const noexcept { return Clock::now() >= deadline_; }
  /// The token was used before: from now on first_use_deadline() is deadline().
  void end_first_use() noexcept { first_use_deadline_ = deadline_; }
  /// Time that a person took does not count.
  void add(Clock::duration time) noexcept;
  /// Errors: cancelled, timed_out; `action` says what was being done.
  Result<void> check(std::string_view action) const;
  /// Sleeps, at most to the deadline. Errors: as check().
  Result<void> back_off(Clock::duration time, std::string_view action) const;

 private:
  Clock::time_point deadline_;
  Clock::time_point first_use_deadline_;
  std::stop_token stop_;
};

}  // namespace keystore::pkcs11
