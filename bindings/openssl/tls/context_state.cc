#include "bindings/openssl/tls/context_state.h"

#include <mutex>

#include "keystore/internal/per_process.h"

namespace keystore::openssl {
namespace {

// A child must not inherit a lock that another thread of its parent held.
constinit PerProcess<std::mutex> slots_lock;

void release(void*, void* state, CRYPTO_EX_DATA*, int, long, void*) {
  const std::unique_ptr<ContextState> last(static_cast<ContextState*>(state));
}

int state_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, release);
  return index;
}

}  // namespace

ContextState::~ContextState() { const std::unique_ptr<const SnapshotPtr> last(slot_.load()); }

SnapshotPtr ContextState::current() const {
  const std::lock_guard lock(slots_lock.get());
  return *slot_.load(std::memory_order_acquire);
}

void ContextState::replace(SnapshotPtr next) {
  auto fresh = std::make_unique<const SnapshotPtr>(std::move(next));
  std::unique_ptr<const SnapshotPtr> old;  // its keys are let go of without the lock
  const std::lock_guard lock(slots_lock.get());
  old.reset(slot_.exchange(fresh.release(), std::memory_order_acq_rel));
}

bool tie(SSL_CTX* context, std::unique_ptr<ContextState> state) {
  const std::unique_ptr<ContextState> earlier(state_of(context));
  if (SSL_CTX_set_ex_data(context, state_index(), state.get()) != 1) return false;
  state.release();
  return true;
}

ContextState* state_of(SSL_CTX* context) {
  return static_cast<ContextState*>(SSL_CTX_get_ex_data(context, state_index()));
}

}  // namespace keystore::openssl
