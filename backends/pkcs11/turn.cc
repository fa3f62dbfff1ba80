#include "backends/pkcs11/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace keystore::pkcs11 {
namespace {

/// How often to see what the holder is doing.
constexpr auto slice = std::chrono::milliseconds(50);

}  // namespace

Result<Turn::Hold> Turn::take(Patience::Clock::time_point until, std::string_view action) {
  std::unique_lock lock(mutex_);
  if (taken_ && owner_ == std::this_thread::get_id()) {
    return fail(Errc::unavailable,
                fmt::format("{}: the token is being opened by this very thread", action),
                "a PIN callback must not use the token it is asked for");
  }
  while (taken_) {
    if (asking_) {
      changed_.wait(lock);
      continue;
    }
    const auto now = Patience::Clock::now();
    if (now >= until) {
      return fail(
          Errc::timed_out,
          fmt::format("{}: another thread is opening the token, and the deadline passed", action));
    }
    // Who may wait longer than usual, on first use, does so for a slow call too.
    const auto patience = std::max<std::chrono::nanoseconds>(CallCounters::hanging, until - now);
    if (const auto call = calls_.long_call_of(owner_, patience)) {
      return fail(Errc::unavailable,
                  fmt::format("{}: {} has not come back from the module for {:.1f} s", action,
                              call->function, std::chrono::duration<double>(call->time).count()),
                  "the module or its device hangs; a call that is inside cannot be interrupted");
    }
    changed_.wait_until(lock, std::min(until, now + slice));
  }
  taken_ = true;
  owner_ = std::this_thread::get_id();
  return Hold(this);
}

void Turn::set_asking(bool asking) {
  const std::scoped_lock lock(mutex_);
  asking_ = asking;
  changed_.notify_all();
}

void Turn::give_back() noexcept {
  const std::scoped_lock lock(mutex_);
  taken_ = false;
  asking_ = false;
  changed_.notify_all();
}

}  // namespace keystore::pkcs11
