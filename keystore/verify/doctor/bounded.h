#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "keystore/internal/quiet_thread.h"
#include "keystore/verify/doctor/deadline.h"

namespace keystore::verify::doctor {

/// What `work` returns, made on a thread of its own. Empty when it is not done at the deadline: the
/// thread is left to itself, so `work` owns all that it needs.
template <class T>
std::optional<T> bounded(std::function<T()> work, Deadline deadline) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable done;
    std::optional<T> result;
  };
  const auto shared = std::make_shared<Shared>();
  const bool started = start_quiet_thread("keystore-check", [shared, work = std::move(work)] {
    auto result = work();
    const std::lock_guard lock(shared->mutex);
    shared->result = std::move(result);
    shared->done.notify_one();
  });
  if (!started) return {};
  std::unique_lock lock(shared->mutex);
  shared->done.wait_until(lock, deadline, [&] { return shared->result.has_value(); });
  return std::move(shared->result);
}

}  // namespace keystore::verify::doctor
