#pragma once

#include <pthread.h>
#include <signal.h>

#include <ctime>

namespace keystore::verify::doctor {

/// While it lives, writing to a connection that the peer has reset raises no SIGPIPE on this
/// thread: OpenSSL's writes know no MSG_NOSIGNAL.
class NoPipeSignal {
 public:
  NoPipeSignal() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    waited_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &former_);
  }
  ~NoPipeSignal() {
    constexpr timespec now = {};
    if (!waited_) sigtimedwait(&pipe_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &former_, nullptr);
  }

  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_ = {};
  sigset_t former_ = {};
  bool waited_ = false;  // one was pending before: it is the host's
};

}  // namespace keystore::verify::doctor
