#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "keystore/result.h"

namespace keystore {

/// Why a task is over, or waited for no longer, without having come to its end.
enum class Abandoned {
  cancelled,
  no_worker,     ///< all were busy until its deadline
  no_thread,     ///< the process may have none
  too_long,      ///< it still runs, past its deadline
  process_ends,  ///< before it was begun
};

/// Something for a worker to do.
class PoolTask {
 public:
  using Clock = std::chrono::steady_clock;

  explicit PoolTask(Clock::time_point deadline) noexcept : deadline_(deadline) {}
  virtual ~PoolTask() = default;
  PoolTask(const PoolTask&) = delete;
  PoolTask& operator=(const PoolTask&) = delete;

  /// On a worker, once, unless it was abandoned before.
  virtual void run() noexcept = 0;
  /// At most once, in place of run() or while that is under way; on the pool's own thread, or on
  /// the one that ends the process.
  virtual void abandon(Abandoned why) noexcept = 0;

 private:
  friend class WorkerPool;
  enum class State { waiting, running, over };
  using Due = std::multimap<Clock::time_point, std::shared_ptr<PoolTask>>;

  const Clock::time_point deadline_;
  // Under the mutex of the pool:
  State state_ = State::waiting;
  bool cancelled_ = false;
  bool told_ = false;         ///< abandoned while it runs
  bool written_off_ = false;  ///< its worker does not count as busy any more
  std::optional<Due::iterator> due_ = {};
};

/// How much a pool takes on.
struct PoolLimits {
  std::size_t workers = 16;
  std::size_t queue = 1024;
};

/// The worker threads of a process, for what shall not hold up its caller: as many as the
/// configuration says, made when they are needed and kept. One more thread starts them and keeps
/// the deadlines. A task that stays inside a foreign call past its deadline is told of as such, and
/// its worker is replaced, up to as many again. Workers take no signals. None is inherited over a
/// fork: a child has a pool of its own, and what its parent queued is the parent's. Any thread;
/// never destroyed.
class WorkerPool {
 public:
  /// As the configuration of the process says, read by the pool's own thread.
  WorkerPool();
  explicit WorkerPool(PoolLimits (*limits)()) noexcept : limits_of_configuration_(limits) {}
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  static WorkerPool& of_process();

  /// Queues `task`, which is told of its end in any case then. Needs little stack. Errors:
  /// unavailable when the queue is full, all workers hang, the process may have no more threads or
  /// ends.
  Result<void> submit(const std::shared_ptr<PoolTask>& task);
  /// Abandons it soon, on the pool's own thread, if it is not over.
  void cancel(PoolTask& task) noexcept;
  /// For the end of the process: begins nothing any more, abandons what waits, and waits for what
  /// runs, but for nothing that hangs and 2 s at most.
  void stop() noexcept;

 private:
  using Clock = PoolTask::Clock;
  using State = PoolTask::State;
  using Lock = std::unique_lock<std::mutex>;

  void manage() noexcept;
  void grow(Lock& lock) noexcept;
  void look_after_due(Lock& lock) noexcept;
  std::optional<Abandoned> end_of(PoolTask& task) noexcept;
  void abandon_all(Lock& lock, Abandoned why) noexcept;
  static void tell(Lock& lock, std::shared_ptr<PoolTask> task, Abandoned why) noexcept;
  void work() noexcept;
  void set_due(PoolTask& task, Clock::time_point time) noexcept;
  void forget_due(PoolTask& task) noexcept;
  std::size_t most_threads() const noexcept;

  PoolLimits (*const limits_of_configuration_)();
  std::mutex mutex_;
  std::condition_variable has_work_;    ///< for workers
  std::condition_variable changed_;     ///< for the pool's own thread
  std::condition_variable finished_;    ///< for stop()
  PoolLimits limits_ = {.workers = 0};  ///< no workers before the configuration was read
  std::deque<std::shared_ptr<PoolTask>> queue_;
  PoolTask::Due due_;                                      ///< of all that wait or run
  Clock::time_point wakes_at_ = Clock::time_point::max();  ///< the pool's own thread, at the latest
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  std::size_t busy_ = 0;
  std::size_t lost_ = 0;  ///< workers that hang
  bool managed_ = false;
  bool stopped_ = false;
};

/// Workers end before all that has registered a handler of exit so far: for after foreign code was
/// loaded, whose destructors would run under them else.
void end_workers_first();

}  // namespace keystore
