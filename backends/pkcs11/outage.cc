#include "backends/pkcs11/outage.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

constexpr auto first_pause = std::chrono::milliseconds(50);
constexpr auto longest_pause = std::chrono::seconds(1);
constexpr auto nobody_asked = std::chrono::seconds(30);
constexpr auto longest_wait_at_exit = std::chrono::milliseconds(100);

/// Threads made meanwhile take no signals: they are the host's, and its handlers expect its
/// threads.
class NoSignals {
 public:
  NoSignals() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_ = {};
};

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
    try {
      const NoSignals quiet;
      std::thread([this] { watch(); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
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
  ::pthread_setname_np(::pthread_self(), "keystore-look");
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
