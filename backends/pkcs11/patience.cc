#include "backends/pkcs11/patience.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace keystore::pkcs11 {
namespace {

constexpr auto first_use_patience = std::chrono::seconds(20);

}  // namespace

Patience::Patience(const CallLimits& limits) : stop_(limits.stop) {
  const auto now = Clock::now();
  deadline_ = limits.deadline.value_or(now + default_deadline);
  first_use_deadline_ = limits.deadline.value_or(now + first_use_patience);
}

void Patience::add(Clock::duration time) noexcept {
  deadline_ += time;
  first_use_deadline_ += time;
}

Result<void> Patience::check(std::string_view action) const {
  if (stop_.stop_requested()) return fail(Errc::cancelled, fmt::format("{}: cancelled", action));
  if (over()) return fail(Errc::timed_out, fmt::format("{}: the deadline passed", action));
  return {};
}

Result<void> Patience::back_off(Clock::duration time, std::string_view action) const {
  if (auto go_on = check(action); !go_on) return go_on;
  std::this_thread::sleep_until(std::min(Clock::now() + time, deadline_));
  return check(action);
}

}  // namespace keystore::pkcs11
