#include "bindings/openssl/provider/wake_up.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace keystore::provider {

std::shared_ptr<WakeUp> WakeUp::create() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? nullptr : std::make_shared<WakeUp>(fd);
}

WakeUp::~WakeUp() {
  if (open_) ::close(fd_);
}

void WakeUp::complete(std::atomic<bool>& done, ASYNC_callback_fn callback,
                      void* argument) noexcept {
  const std::scoped_lock calling(callback_mutex_);
  {
    const std::scoped_lock lock(fd_mutex_);
    done.store(true, std::memory_order_release);
    if (!open_) return;
    ::eventfd_write(fd_, 1);
  }
  if (callback != nullptr) callback(argument);
}

bool WakeUp::completed(const std::atomic<bool>& done) noexcept {
  const std::scoped_lock lock(fd_mutex_);
  return done.load(std::memory_order_acquire);
}

void WakeUp::wait() const noexcept {
  pollfd readable = {.fd = fd_, .events = POLLIN, .revents = 0};
  ::poll(&readable, 1, -1);
}

void WakeUp::wake() noexcept { ::eventfd_write(fd_, 1); }

void WakeUp::clear() noexcept {
  eventfd_t count = 0;
  ::eventfd_read(fd_, &count);
}

void WakeUp::close() noexcept {
  const std::scoped_lock calling(callback_mutex_);
  const std::scoped_lock lock(fd_mutex_);
  close_in_child();
}

void WakeUp::close_in_child() noexcept {
  if (open_) ::close(fd_);
  open_ = false;
}

}  // namespace keystore::provider
