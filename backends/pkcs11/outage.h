#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "backends/pkcs11/patience.h"
#include "keystore/error.h"

namespace keystore::pkcs11 {

/// A token that could not be reached: why, and the one thread of this process that looks for it
/// meanwhile, so that operations fail at once instead of looking themselves. The thread sleeps
/// between its looks, takes no signals, and ends when the token is there again, when nobody asked
/// for it in a while, or with the process. None runs while all is well. Never destroyed. Any
/// thread; a forked child has another one (ProcessState).
class Outage {
 public:
  using Clock = Patience::Clock;

  /// `look` says whether the token is there again. Called by the thread only, without locks held.
  explicit Outage(std::function<bool()> look) : look_(std::move(look)) {}

  /// Why the token is away; nothing when it is not known to be.
  std::optional<Error> reason();
  /// The token could not be reached. Without a thread to be had nothing is remembered: then every
  /// operation looks for itself.
  void begin(const Error& error);
  /// The token works; true: it did not before. The next outage starts with short intervals again.
  bool end();
  /// For the exit of the process: no further look. Waits for one that is under way, but not for one
  /// that hangs.
  void stop() noexcept;

 private:
  bool mark(const Error& error);
  void watch() noexcept;
  bool still_wanted(Clock::time_point now) const noexcept;

  const std::function<bool()> look_;
  std::atomic<bool> known_ = false;  ///< reason_ is set
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Error> reason_;
  Clock::time_point last_asked_ = {};
  Clock::duration pause_ = {};
  bool watched_ = false;
  bool stopped_ = false;
};

}  // namespace keystore::pkcs11
