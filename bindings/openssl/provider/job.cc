#include "bindings/openssl/provider/job.h"

#include "keystore/internal/per_process.h"

namespace keystore::provider {
namespace {

struct Process {};

/// Its address tells a process from the one that it was forked from.
constinit PerProcess<Process> this_process;

/// Where a host forbids pausing (ASYNC_block_pause(3)), a pause returns at once, and cannot be told
/// from one that was resumed early. After so many the thread waits.
constexpr unsigned most_early_resumes = 10'000;

const char key = 0;  ///< its address is ours among the keys of a wait context

}  // namespace

JobWait* JobWait::of_current_job() {
  auto* context = ASYNC_get_wait_ctx(ASYNC_get_current_job());
  OSSL_ASYNC_FD fd = -1;
  void* known = nullptr;
  if (ASYNC_WAIT_CTX_get_fd(context, &key, &fd, &known) == 1) {
    auto* wait = static_cast<JobWait*>(known);
    if (wait->of_this_process()) return wait;
    ASYNC_WAIT_CTX_clear_fd(context, &key);  // of the parent; frees nothing
    clean_up(context, &key, fd, wait);
  }
  auto wake_up = WakeUp::create();
  if (wake_up == nullptr) return nullptr;
  std::unique_ptr<JobWait> wait(new JobWait(std::move(wake_up)));
  if (ASYNC_WAIT_CTX_set_wait_fd(context, &key, wait->wake_up_->fd(), wait.get(), clean_up) != 1) {
    return nullptr;
  }
  return wait.release();
}

JobWait::JobWait(std::shared_ptr<WakeUp> wake_up)
    : wake_up_(std::move(wake_up)), process_(&this_process.get()) {}

bool JobWait::of_this_process() const noexcept { return process_ == &this_process.get(); }

/// The connection is gone: what its jobs waited for need not be done any more.
void JobWait::clean_up(ASYNC_WAIT_CTX*, const void*, OSSL_ASYNC_FD, void* data) noexcept {
  const std::unique_ptr<JobWait> wait(static_cast<JobWait*>(data));
  if (!wait->of_this_process()) {
    wait->wake_up_->close_in_child();
    return;
  }
  wait->wake_up_->close();
  for (const auto& operation : wait->operations_) operation->stop.request_stop();
}

/// Nothing is raised here: an error in the queue makes libssl say that the handshake failed, where
/// it is only paused. False: this is a child of the process that began the operation.
bool JobWait::pause_until_done(const Operation& operation) {
  unsigned resumes = 0;
  do {
    const bool may_pause = resumes++ < most_early_resumes;
    if (!may_pause || ASYNC_pause_job() != 1) wake_up_->wait();
    if (!of_this_process()) return false;
  } while (!wake_up_->completed(operation.done));
  return true;
}

void JobWait::forget(const Operation* operation) {
  std::erase_if(operations_, [&](const auto& each) { return each.get() == operation; });
  wake_up_->clear();
  const bool more = std::ranges::any_of(
      operations_, [&](const auto& each) { return wake_up_->completed(each->done); });
  if (more) wake_up_->wake();
}

Failure JobWait::begun_by_parent() {
  return fail(Errc::unavailable,
              "the operation was begun by the process that this one was forked from");
}

}  // namespace keystore::provider
