#include "backends/pkcs11/turn.h"

#include <fmt/format.h>

namespace keystore::pkcs11 {

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
    } else if (changed_.wait_until(lock, until) == std::cv_status::timeout && taken_ && !asking_) {
      return fail(
          Errc::timed_out,
          fmt::format("{}: another thread is opening the token, and the deadline passed", action));
    }
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
