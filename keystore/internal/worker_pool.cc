#include "keystore/internal/worker_pool.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <utility>

#include "keystore/config.h"
#include "keystore/internal/per_process.h"
#include "keystore/internal/quiet_thread.h"

namespace keystore {
namespace {

/// What runs is left so long past its deadline to say itself what went wrong.
constexpr auto grace = std::chrono::milliseconds(50);
constexpr auto longest_wait_at_exit = std::chrono::seconds(2);

constinit PerProcess<WorkerPool> pools;
constinit thread_local bool is_worker = false;

PoolLimits limits_of_process() {
  const auto config = process_config();
  if (!config) return {};
  const auto& openssl = (*config)->openssl;
  return {.workers = openssl.async_workers, .queue = openssl.async_queue};
}

Failure refused(std::string why, std::string hint = {}) {
  return fail(Errc::unavailable, std::move(why), std::move(hint));
}

// In the whole tree: handlers of exit are inherited.
constinit std::atomic<bool> ends_hooked = false;

void end_workers() { WorkerPool::of_process().stop(); }

// Before libcrypto cleans up: handlers run in the opposite order, so its own is registered first.
void hook_exit() {
  ::OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
  std::atexit(end_workers);
}

}  // namespace

WorkerPool::WorkerPool() : WorkerPool(limits_of_process) {}

WorkerPool& WorkerPool::of_process() { return pools.get(); }

Result<void> WorkerPool::submit(const std::shared_ptr<PoolTask>& task) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return refused("the process ends: no operation is begun any more");
  if (queue_.size() >= limits_.queue) {
    return refused(fmt::format("{} operations wait for a worker already", queue_.size()),
                   "the store is too slow for so many, or async_workers and async_queue under "
                   "[openssl] of the configuration are too small");
  }
  if (lost_ > 0 && lost_ >= 2 * limits_.workers) {
    return refused(fmt::format("all {} workers hang inside calls that do not come back", lost_));
  }
  if (!managed_) {
    if (!ends_hooked.exchange(true)) hook_exit();
    if (!start_quiet_thread("keystore-pool", [this] { manage(); })) {
      return refused("the process may have no thread for a worker");
    }
    managed_ = true;
  }
  task->due_ = due_.emplace(task->deadline_, task);
  queue_.push_back(task);
  if (idle_ > 0) has_work_.notify_one();
  const bool more_threads = queue_.size() > idle_ && threads_ < most_threads();
  if (more_threads || task->deadline_ < wakes_at_) {
    wakes_at_ = std::min(wakes_at_, task->deadline_);
    changed_.notify_one();
  }
  return {};
}

void WorkerPool::cancel(PoolTask& task) noexcept {
  const std::scoped_lock lock(mutex_);
  if (task.cancelled_ || !task.due_) return;
  task.cancelled_ = true;
  set_due(task, Clock::time_point::min());
  changed_.notify_one();
}

void WorkerPool::stop() noexcept {
  Lock lock(mutex_);
  stopped_ = true;
  abandon_all(lock, Abandoned::process_ends);
  const std::size_t own = is_worker ? 1 : 0;
  finished_.wait_for(lock, longest_wait_at_exit, [&] { return busy_ <= own; });
}

// Ends with the process only: a thread that ends while the process does would meet libraries that
// clean up.
void WorkerPool::manage() noexcept {
  const auto limits = limits_of_configuration_();
  Lock lock(mutex_);
  limits_ = limits;
  for (;;) {
    grow(lock);
    look_after_due(lock);
    // Where nothing is due any more a time that is set stays: tasks come and go, mostly long before
    // their deadlines, and need not wake this thread.
    if (wakes_at_ <= Clock::now()) wakes_at_ = Clock::time_point::max();
    if (!due_.empty()) wakes_at_ = std::min(wakes_at_, due_.begin()->first);
    changed_.wait_until(lock, wakes_at_);
  }
}

void WorkerPool::grow(Lock& lock) noexcept {
  while (!stopped_ && queue_.size() > idle_ && threads_ < most_threads()) {
    ++threads_;
    ++idle_;  // it comes, and is not started twice
    lock.unlock();
    const bool started = start_quiet_thread("keystore-work", [this] { work(); });
    lock.lock();
    if (started) continue;
    --threads_;
    --idle_;
    if (threads_ == 0) abandon_all(lock, Abandoned::no_thread);
    return;
  }
}

void WorkerPool::look_after_due(Lock& lock) noexcept {
  while (!due_.empty() && due_.begin()->first <= Clock::now()) {
    auto task = due_.begin()->second;
    if (const auto why = end_of(*task)) tell(lock, std::move(task), *why);
  }
  grow(lock);
}

/// What becomes of a task whose time has come; nothing where it is known or has a little longer.
std::optional<Abandoned> WorkerPool::end_of(PoolTask& task) noexcept {
  const auto first_time = [&](Abandoned why) {
    return std::exchange(task.told_, true) ? std::nullopt : std::optional(why);
  };
  if (task.state_ == State::waiting) {
    std::erase_if(queue_, [&](const auto& each) { return each.get() == &task; });
    task.state_ = State::over;
    forget_due(task);
    return task.cancelled_ ? Abandoned::cancelled : Abandoned::no_worker;
  }
  if (const auto limit = task.deadline_ + grace; Clock::now() < limit) {
    set_due(task, limit);
    return task.cancelled_ ? first_time(Abandoned::cancelled) : std::nullopt;
  }
  forget_due(task);
  task.written_off_ = true;
  --busy_;
  ++lost_;
  has_work_.notify_one();
  finished_.notify_all();
  return first_time(Abandoned::too_long);
}

void WorkerPool::abandon_all(Lock& lock, Abandoned why) noexcept {
  while (!queue_.empty()) {
    auto task = std::move(queue_.front());
    queue_.pop_front();
    task->state_ = State::over;
    forget_due(*task);
    tell(lock, std::move(task), why);
  }
}

/// A task is never destroyed under the mutex: that may wait for a thread which is just cancelling
/// it, and so for the mutex.
void WorkerPool::tell(Lock& lock, std::shared_ptr<PoolTask> task, Abandoned why) noexcept {
  lock.unlock();
  task->abandon(why);
  task.reset();
  lock.lock();
}

void WorkerPool::work() noexcept {
  is_worker = true;
  Lock lock(mutex_);
  for (;;) {
    has_work_.wait(lock, [&] { return !stopped_ && !queue_.empty() && busy_ < limits_.workers; });
    --idle_;
    auto task = std::move(queue_.front());
    queue_.pop_front();
    task->state_ = State::running;
    ++busy_;
    lock.unlock();
    task->run();
    lock.lock();
    task->state_ = State::over;
    forget_due(*task);
    --(task->written_off_ ? lost_ : busy_);
    ++idle_;
    if (stopped_) finished_.notify_all();
    lock.unlock();
    task.reset();
    lock.lock();
  }
}

void WorkerPool::set_due(PoolTask& task, Clock::time_point time) noexcept {
  auto node = due_.extract(*task.due_);
  node.key() = time;
  task.due_ = due_.insert(std::move(node));
}

void WorkerPool::forget_due(PoolTask& task) noexcept {
  if (task.due_) due_.erase(*task.due_);
  task.due_.reset();
}

std::size_t WorkerPool::most_threads() const noexcept {
  return limits_.workers + std::min(lost_, limits_.workers);
}

void end_workers_first() {
  if (ends_hooked) std::atexit(end_workers);
}

}  // namespace keystore
