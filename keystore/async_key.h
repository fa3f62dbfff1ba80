#pragma once

#include <functional>
#include <future>

#include "keystore/key.h"

namespace keystore {

/// Takes the outcome of an asynchronous operation. Called exactly once, on a thread of the library
/// (while the process ends, on the one that ends it), without a lock held; others wait for that
/// thread, so it should hand the outcome on and return. What it throws is logged and dropped.
template <class T>
using OnDone = std::function<void(Result<T> outcome)>;

/// The operations of a Key, made by worker threads: none of these functions waits for a store. One
/// pool of workers serves the process, OpenSSL's asynchronous jobs included; `async_workers` and
/// `async_queue` under `[openssl]` of the configuration say how much it takes on.
///
/// The deadline, default_deadline from the call where `limits` sets none, covers the wait for a
/// worker as well. Errors besides those of the operation itself: timed_out when no worker was free
/// before it; unavailable when the operation still hangs inside its store then, which goes on
/// without its result being wanted; cancelled when `limits.stop` is requested, without waiting for
/// what is under way; unavailable when the queue is full, when the process may have no thread, and
/// when it ends before the operation was begun. The deadline also ends the wait for a person who is
/// asked for a PIN.
///
/// Arguments are copied. Copies share one key; any thread. Futures and callbacks belong to the
/// process that asked: in a child that it forks afterwards they are never served.
class KEYSTORE_API AsyncKey {
 public:
  explicit AsyncKey(Key key) : key_(std::move(key)) {}

  const Key& key() const noexcept { return key_; }

  /// As the functions of Key. The futures hold the error too: get() throws nothing.
  std::future<Result<Bytes>> sign(SignatureScheme scheme, BytesView message,
                                  const CallLimits& limits = {}) const;
  std::future<Result<Bytes>> sign_digest(const SignSpec& spec, BytesView input,
                                         const CallLimits& limits = {}) const;
  std::future<Result<Secret>> decrypt(const DecryptSpec& spec, BytesView ciphertext,
                                      const CallLimits& limits = {}) const;
  std::future<Result<Secret>> derive(const PublicKey& peer, const CallLimits& limits = {}) const;

  /// The same with a callback. On an error the operation was not taken on, and `on_done` is not
  /// called.
  Result<void> sign(SignatureScheme scheme, BytesView message, OnDone<Bytes> on_done,
                    const CallLimits& limits = {}) const;
  Result<void> sign_digest(const SignSpec& spec, BytesView input, OnDone<Bytes> on_done,
                           const CallLimits& limits = {}) const;
  Result<void> decrypt(const DecryptSpec& spec, BytesView ciphertext, OnDone<Secret> on_done,
                       const CallLimits& limits = {}) const;
  Result<void> derive(const PublicKey& peer, OnDone<Secret> on_done,
                      const CallLimits& limits = {}) const;

 private:
  Key key_;
};

}  // namespace keystore
