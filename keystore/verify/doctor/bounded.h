#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "keystore/internal/quiet_thread.h"
#include "keystore/verify/check.h"

namespace keystore::verify::doctor {

/// How long foreign code may take. Time in which a person is asked for a PIN does not count. Copies
/// share who is asked.
class Patience {
 public:
  explicit Patience(std::chrono::milliseconds limit) : limit_(limit) {}

  std::chrono::steady_clock::time_point deadline() const {
    return std::chrono::steady_clock::now() + limit_;
  }
  bool asking() const noexcept { return *asking_ > 0; }
  /// `ask`, known to be somebody's time.
  PinCallback counting(PinCallback ask) const {
    if (!ask) return ask;
    return [asking = asking_, ask = std::move(ask)](const PinRequest& request) {
      ++*asking;
      auto answer = ask(request);
      --*asking;
      return answer;
    };
  }

 private:
  std::chrono::milliseconds limit_;
  std::shared_ptr<std::atomic<int>> asking_ = std::make_shared<std::atomic<int>>(0);
};

/// What `work` returns, made on a thread of its own. Empty when it takes too long: the thread is
/// left to itself, so `work` owns all that it needs.
template <class T>
std::optional<T> bounded(const Patience& patience, std::function<T()> work) {
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
  const auto ready = [&] { return shared->result.has_value(); };
  while (!shared->done.wait_until(lock, patience.deadline(), ready) && patience.asking()) {
  }
  return std::move(shared->result);
}

}  // namespace keystore::verify::doctor
