#include "bindings/openssl/provider/private_operation.h"

#include "bindings/openssl/provider/job.h"

namespace keystore::provider {
namespace {

/// What start(limits, on_done) queues, with the job paused until it is done. The stack of the job
/// may be lost while it is paused: what is queued is moved off it.
template <class T, class Start>
Result<T> wait_in_job(const Start& start) {
  auto* wait = JobWait::of_current_job();
  if (wait == nullptr) {
    return fail(Errc::unavailable,
                "an asynchronous operation needs a descriptor more than the process may have");
  }
  return wait->run<T>(start);
}

}  // namespace

Result<Bytes> ask_to_sign(const Key& key, SignSpec spec, BytesView input) {
  if (!in_job()) [[likely]]
    return key.sign_digest(spec, input);
  return wait_in_job<Bytes>([&](const CallLimits& limits, OnDone<Bytes> on_done) {
    const auto given = std::move(spec);
    return AsyncKey(key).sign_digest(given, input, std::move(on_done), limits);
  });
}

Result<Secret> ask_to_decrypt(const Key& key, DecryptSpec spec, BytesView ciphertext) {
  if (!in_job()) [[likely]]
    return key.decrypt(spec, ciphertext);
  return wait_in_job<Secret>([&](const CallLimits& limits, OnDone<Secret> on_done) {
    const auto given = std::move(spec);
    return AsyncKey(key).decrypt(given, ciphertext, std::move(on_done), limits);
  });
}

Result<Secret> ask_to_derive(const Key& key, PublicKey peer) {
  if (!in_job()) [[likely]]
    return key.derive(peer);
  return wait_in_job<Secret>([&](const CallLimits& limits, OnDone<Secret> on_done) {
    const auto given = std::move(peer);
    return AsyncKey(key).derive(given, std::move(on_done), limits);
  });
}

}  // namespace keystore::provider
