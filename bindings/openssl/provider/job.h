#pragma once

#include <openssl/async.h>

#include <algorithm>
#include <optional>
#include <stop_token>
#include <vector>

#include "bindings/openssl/provider/wake_up.h"
#include "keystore/async_key.h"

namespace keystore::provider {

/// Whether this thread runs an OpenSSL job (ASYNC_start_job(3)) now.
inline bool in_job() noexcept { return ASYNC_get_current_job() != nullptr; }

/// What we keep with the wait context of jobs (ASYNC_WAIT_CTX_new(3)), one for each context: the
/// descriptor that the event loop watches, and the operations that jobs wait for. The stack of a
/// job is lost when its connection is freed while it is paused, so everything is owned here and
/// freed with the context. One thread at a time, as OpenSSL's own.
class JobWait {
 public:
  /// Of the job that this thread runs; made where there is none. Null where the process may have no
  /// more descriptors.
  static JobWait* of_current_job();

  /// Begins an operation by `start(limits, on_done)`, which queues it as AsyncKey does, and pauses
  /// the job until it is done: once at least, because the event loop must have heard of the
  /// descriptor before it is closed. Errors: those of the operation; unavailable in a child that
  /// was forked meanwhile.
  template <class T, class Start>
  Result<T> run(const Start& start) {
    auto* operation = begin<T>(start);
    if (!pause_until_done(*operation)) return begun_by_parent();
    return take(operation);
  }

 private:
  struct Operation {
    std::atomic<bool> done = false;
    std::stop_source stop = {};
  };
  template <class T>
  struct OperationOf : Operation {
    std::optional<Result<T>> outcome = {};  ///< set before `done`
  };

  explicit JobWait(std::shared_ptr<WakeUp> wake_up);
  static void clean_up(ASYNC_WAIT_CTX*, const void*, OSSL_ASYNC_FD, void* data) noexcept;
  static Failure begun_by_parent();
  bool of_this_process() const noexcept;
  bool pause_until_done(const Operation& operation);
  void forget(const Operation* operation);

  template <class T, class Start>
  OperationOf<T>* begin(const Start& start);
  template <class T>
  Result<T> take(OperationOf<T>* operation);

  std::shared_ptr<WakeUp> wake_up_;
  const void* const process_;
  std::vector<std::shared_ptr<Operation>> operations_;
};

/// All that it makes is on the heap, and in `operations_`, when it returns.
template <class T, class Start>
JobWait::OperationOf<T>* JobWait::begin(const Start& start) {
  const auto operation = std::make_shared<OperationOf<T>>();
  operations_.push_back(operation);
  ASYNC_callback_fn callback = nullptr;
  void* argument = nullptr;
  auto* context = ASYNC_get_wait_ctx(ASYNC_get_current_job());
  if (ASYNC_WAIT_CTX_get_callback(context, &callback, &argument) == 1 && callback != nullptr) {
    ASYNC_WAIT_CTX_set_status(context, ASYNC_STATUS_OK);
  }
  const auto on_done = [operation, wake_up = wake_up_, callback, argument](Result<T> outcome) {
    operation->outcome.emplace(std::move(outcome));
    wake_up->complete(operation->done, callback, argument);
  };
  auto queued = start(CallLimits{.stop = operation->stop.get_token()}, on_done);
  if (!queued) on_done(Failure(queued.error()));
  return operation.get();
}

template <class T>
Result<T> JobWait::take(OperationOf<T>* operation) {
  auto outcome = *std::move(operation->outcome);
  forget(operation);
  return outcome;
}

}  // namespace keystore::provider
