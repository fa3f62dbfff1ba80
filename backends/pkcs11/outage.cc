#include "backends/pkcs11/outage.h"

#include <algorithm>

#include "keystore/internal/quiet_thread.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

constexpr auto first_pause = std::chrono::milliseconds(50);
constexpr auto longest_pause = std::chrono::seconds(1);
constexpr auto nobody_asked = std::chrono::seconds(30);
constexpr auto longest_wait_at_exit = std::chrono::milliseconds(100);

}  // namespace

std::optional<Error> Outage::reason() {
  if (!known_.load(std::memory_order_acquire)) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  last_asked_ = Clock::now();
  return reason_;
}

void Outage::begin(const Error& error) {
  if (mark(error)) log(LogLevel::warning, error.message);
}

/// True: a new outage.
bool Outage::mark(const Error& error) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return false;
  if (!watched_) {
    if (!start_quiet_thread("keystore-look", [this] { watch(); })) return false;
    watched_ = true;
  }
  const bool fresh = pause_ == Clock::duration::zero();
  if (fresh) pause_ = first_pause;
  reason_ = error;
  last_asked_ = Clock::now();
  known_.store(true, std::memory_order_release);
  return fresh;
}

bool Outage::end() {
  const std::scoped_lock lock(mutex_);
  const bool was_away = pause_ != Clock::duration::zero();
  pause_ = {};
  reason_.reset();
  known_ = false;
  changed_.notify_all();
  return was_away;
}

void Outage::stop() noexcept {
  std::unique_lock lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, longest_wait_at_exit, [&] { return !watched_; });
}

/// Whatever ends the watch also ends the outage: the next operation looks for itself.
void Outage::watch() noexcept {
  std::unique_lock lock(mutex_);
  while (!stopped_ && reason_) {
    changed_.wait_for(lock, pause_, [&] { return stopped_ || !reason_; });
    if (stopped_ || !reason_) break;
    if (!still_wanted(Clock::now())) break;
    lock.unlock();
    const bool back = look_();
    lock.lock();
    if (back) break;
    pause_ = std::min<Clock::duration>(pause_ * 2, longest_pause);
  }
  reason_.reset();
  known_ = false;
  watched_ = false;
  changed_.notify_all();
}

bool Outage::still_wanted(Clock::time_point now) const noexcept {
  return now - last_asked_ < nobody_asked;
}

}  // namespace keystore::pkcs11
