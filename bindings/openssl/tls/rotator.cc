#include "bindings/openssl/tls/rotator.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <system_error>
#include <thread>

#include "bindings/openssl/tls/file_watch.h"
#include "bindings/openssl/tls/rotation.h"
#include "keystore/internal/fd.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/log.h"

namespace keystore::openssl {
namespace {

using std::chrono::milliseconds;

/// Signals of the application are for its own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

class Rotator::Watching {
 public:
  Watching(SSL_CTX* context, ContextState& state, RotationOptions options)
      : context_(context), options_(std::move(options)), rotation_(context, state, options_) {
    SSL_CTX_up_ref(context);
  }
  ~Watching();

  void begin() {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
  }
  void check() {
    everything_ = true;
    eventfd_write(wake_.get(), 1);
  }
  /// A forked child has the object without the thread.
  bool in_child() const { return getpid() != owner_; }

 private:
  void run();
  void look();
  bool wait(milliseconds at_most, int watch = -1);

  SslCtxPtr context_;
  const RotationOptions options_;
  Rotation rotation_;
  Fd wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<bool> stopping_ = false, everything_ = false;
  const pid_t owner_ = getpid();
  std::thread thread_ = {};
};

Result<Rotator> Rotator::start(SSL_CTX* context, RotationOptions options) {
  auto* state = state_of(context);
  if (state == nullptr) {
    return fail(Errc::invalid_argument, "the TLS context was not set up by configure()");
  }
  try {
    auto watching = std::make_unique<Watching>(context, *state, std::move(options));
    watching->begin();
    return Rotator(std::move(watching));
  } catch (const std::system_error& error) {
    return fail(Errc::internal, std::string("cannot start a thread: ") + error.what());
  }
}

Rotator::Rotator(std::unique_ptr<Watching> watching) : watching_(std::move(watching)) {}
Rotator::Rotator(Rotator&&) noexcept = default;

Rotator& Rotator::operator=(Rotator&& other) noexcept {
  Rotator old(std::move(*this));
  watching_ = std::move(other.watching_);
  return *this;
}

// In a child nothing may be waited for, and the eventfd is the parent's as well.
Rotator::~Rotator() {
  if (watching_ && watching_->in_child()) static_cast<void>(watching_.release());
}

void Rotator::check() { watching_->check(); }

Rotator::Watching::~Watching() {
  stopping_ = true;
  eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void Rotator::Watching::run() {
  while (!stopping_) {
    try {
      look();
    } catch (const std::exception& error) {
      log(LogLevel::error, std::string("TLS: rotation goes on after a failure: ") + error.what());
      wait(options_.poll);
    }
  }
}

// The watch is set before the look, so that nothing happens unseen in between.
void Rotator::Watching::look() {
  const auto paths = rotation_.paths();
  std::optional<FileWatch> watch;
  if (options_.notify) watch.emplace(paths);
  if (everything_.exchange(false)) rotation_.expect_everything();
  if (rotation_.look()) {
    wait(options_.settle);
  } else if (rotation_.paths() != paths) {
    return;  // the configuration names others now
  } else if (wait(options_.poll, watch ? watch->fd() : -1)) {
    wait(options_.settle);  // a busy folder shall not keep us busy
  }
}

// Until `watch` is readable (true), someone calls, or the time is over.
bool Rotator::Watching::wait(milliseconds at_most, int watch) {
  std::array<pollfd, 2> sources = {pollfd{wake_.get(), POLLIN, 0}, pollfd{watch, POLLIN, 0}};
  poll(sources.data(), sources.size(), static_cast<int>(at_most.count()));
  eventfd_t calls = 0;
  eventfd_read(wake_.get(), &calls);
  return sources[1].revents != 0;
}

}  // namespace keystore::openssl
