#include "keystore/async_key.h"

#include <atomic>
#include <optional>

#include "keystore/internal/worker_pool.h"
#include "keystore/log.h"

namespace keystore {
namespace {

template <class T>
using Body = std::function<Result<T>(const Key& key, const CallLimits& limits)>;

Error error_of(Abandoned why, const Key& key) {
  const auto operation = "the operation on key '" + key.label() + "' ";
  switch (why) {
    case Abandoned::cancelled:
      return {Errc::cancelled, operation + "was cancelled", {}, {}};
    case Abandoned::no_worker:
      return {Errc::timed_out,
              operation + "waited for a worker until its deadline",
              {},
              "the store is too slow for so many, or async_workers under [openssl] of the "
              "configuration is too small"};
    case Abandoned::no_thread:
      return {Errc::unavailable,
              operation + "was not begun: the process may have no thread for a worker",
              {},
              {}};
    case Abandoned::too_long:
      return {Errc::unavailable,
              operation + "has not come back from its store before its deadline",
              {},
              {}};
    case Abandoned::process_ends:
      return {Errc::unavailable, operation + "was not begun: the process ends", {}, {}};
  }
  return {};
}

/// One operation of a key and who waits for it.
template <class T>
class AsyncOperation final : public PoolTask {
 public:
  AsyncOperation(Key key, Body<T> body, OnDone<T> on_done, const CallLimits& limits)
      : PoolTask(*limits.deadline),
        key_(std::move(key)),
        body_(std::move(body)),
        on_done_(std::move(on_done)),
        limits_(limits) {}

  void run() noexcept override {
    try {
      answer(body_(key_, limits_));
    } catch (...) {
      answer(
          fail(Errc::internal, "unexpected fault in an operation on key '" + key_.label() + "'"));
    }
  }
  void abandon(Abandoned why) noexcept override { answer(Failure(error_of(why, key_))); }

  /// From now on a request to stop cancels it. Once, by who submitted it.
  void heed_stop(WorkerPool& pool) {
    if (limits_.stop.stop_possible()) stop_.emplace(limits_.stop, Cancel{pool, *this});
  }

 private:
  struct Cancel {
    WorkerPool& pool;
    PoolTask& task;
    void operator()() const noexcept { pool.cancel(task); }
  };

  void answer(Result<T> outcome) noexcept {
    if (answered_.exchange(true)) return;
    try {
      on_done_(std::move(outcome));
    } catch (...) {
      log(LogLevel::error, "the callback of an operation on key '" + key_.label() + "' threw");
    }
  }

  const Key key_;
  const Body<T> body_;
  const OnDone<T> on_done_;
  const CallLimits limits_;
  std::atomic<bool> answered_ = false;
  std::optional<std::stop_callback<Cancel>> stop_;
};

template <class T>
Result<void> start(const Key& key, Body<T> body, OnDone<T> on_done, CallLimits limits) {
  if (!limits.deadline) limits.deadline = PoolTask::Clock::now() + default_deadline;
  auto& pool = WorkerPool::of_process();
  const auto operation =
      std::make_shared<AsyncOperation<T>>(key, std::move(body), std::move(on_done), limits);
  auto taken_on = pool.submit(operation);
  if (taken_on) operation->heed_stop(pool);
  return taken_on;
}

template <class T>
std::future<Result<T>> promise(const Key& key, Body<T> body, const CallLimits& limits) {
  const auto promised = std::make_shared<std::promise<Result<T>>>();
  const auto keep = [promised](Result<T> outcome) { promised->set_value(std::move(outcome)); };
  auto future = promised->get_future();
  if (auto taken_on = start<T>(key, std::move(body), keep, limits); !taken_on) {
    promised->set_value(Failure(taken_on.error()));
  }
  return future;
}

Bytes copy(BytesView octets) { return {octets.begin(), octets.end()}; }

Body<Bytes> signing(SignatureScheme scheme, BytesView message) {
  return [scheme, message = copy(message)](const Key& key, const CallLimits& limits) {
    return key.sign(scheme, message, limits);
  };
}

Body<Bytes> signing(const SignSpec& spec, BytesView input) {
  return [spec, input = copy(input)](const Key& key, const CallLimits& limits) {
    return key.sign_digest(spec, input, limits);
  };
}

Body<Secret> decrypting(const DecryptSpec& spec, BytesView ciphertext) {
  return [spec, ciphertext = copy(ciphertext)](const Key& key, const CallLimits& limits) {
    return key.decrypt(spec, ciphertext, limits);
  };
}

Body<Secret> deriving(const PublicKey& peer) {
  return [peer](const Key& key, const CallLimits& limits) { return key.derive(peer, limits); };
}

}  // namespace

std::future<Result<Bytes>> AsyncKey::sign(SignatureScheme scheme, BytesView message,
                                          const CallLimits& limits) const {
  return promise<Bytes>(key_, signing(scheme, message), limits);
}

std::future<Result<Bytes>> AsyncKey::sign_digest(const SignSpec& spec, BytesView input,
                                                 const CallLimits& limits) const {
  return promise<Bytes>(key_, signing(spec, input), limits);
}

std::future<Result<Secret>> AsyncKey::decrypt(const DecryptSpec& spec, BytesView ciphertext,
                                              const CallLimits& limits) const {
  return promise<Secret>(key_, decrypting(spec, ciphertext), limits);
}

std::future<Result<Secret>> AsyncKey::derive(const PublicKey& peer,
                                             const CallLimits& limits) const {
  return promise<Secret>(key_, deriving(peer), limits);
}

Result<void> AsyncKey::sign(SignatureScheme scheme, BytesView message, OnDone<Bytes> on_done,
                            const CallLimits& limits) const {
  return start<Bytes>(key_, signing(scheme, message), std::move(on_done), limits);
}

Result<void> AsyncKey::sign_digest(const SignSpec& spec, BytesView input, OnDone<Bytes> on_done,
                                   const CallLimits& limits) const {
  return start<Bytes>(key_, signing(spec, input), std::move(on_done), limits);
}

Result<void> AsyncKey::decrypt(const DecryptSpec& spec, BytesView ciphertext,
                               OnDone<Secret> on_done, const CallLimits& limits) const {
  return start<Secret>(key_, decrypting(spec, ciphertext), std::move(on_done), limits);
}

Result<void> AsyncKey::derive(const PublicKey& peer, OnDone<Secret> on_done,
                              const CallLimits& limits) const {
  return start<Secret>(key_, deriving(peer), std::move(on_done), limits);
}

}  // namespace keystore
