#pragma once

#include <openssl/async.h>

#include <atomic>
#include <memory>
#include <mutex>

namespace keystore::provider {

/// How a worker wakes the event loop that waits for a paused job: an eventfd, and the loop's own
/// callback where it has set one. Shared by the job's wait context and the workers. Any thread.
class WakeUp {
 public:
  /// Null where the process may have no more descriptors.
  static std::shared_ptr<WakeUp> create();
  explicit WakeUp(int fd) noexcept : fd_(fd) {}
  ~WakeUp();
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  int fd() const noexcept { return fd_; }
  /// Sets `done` and wakes. The callback may be null.
  void complete(std::atomic<bool>& done, ASYNC_callback_fn callback, void* argument) noexcept;
  /// Whether `done` was set by complete(), and its descriptor written.
  bool completed(const std::atomic<bool>& done) noexcept;
  /// Until it is woken, for a thread that may not pause.
  void wait() const noexcept;
  void wake() noexcept;
  /// The descriptor waits for the next wake.
  void clear() noexcept;
  /// For good. No callback runs any more when this returns.
  void close() noexcept;
  /// The same in a forked child, whose parent may have been in the middle of anything.
  void close_in_child() noexcept;

 private:
  std::mutex fd_mutex_;
  std::mutex callback_mutex_;  ///< its own: the callback may take locks of the loop
  const int fd_;
  bool open_ = true;
};

}  // namespace keystore::provider
