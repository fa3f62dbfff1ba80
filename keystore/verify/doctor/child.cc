#include "keystore/verify/doctor/child.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "keystore/internal/fd.h"

namespace keystore::verify::doctor {
namespace {

[[noreturn]] void be_child(const std::function<bool()>& work, std::chrono::milliseconds limit);
bool ends_within(pid_t child, std::chrono::milliseconds limit);

}  // namespace

ChildEnd try_in_child(const std::function<bool()>& work, std::chrono::milliseconds limit) {
  const auto child = ::fork();
  if (child < 0) return ChildEnd::failure;
  if (child == 0) be_child(work, limit);
  const bool ended = ends_within(child, limit);
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return ChildEnd::stuck;
  if (!WIFEXITED(status)) return ChildEnd::crash;
  return WEXITSTATUS(status) == 0 ? ChildEnd::success : ChildEnd::failure;
}

namespace {

/// Ends without the exit handlers of its parent; should nobody wait for it, by its own alarm.
void be_child(const std::function<bool()>& work, std::chrono::milliseconds limit) {
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(limit).count()) + 1);
  bool good = false;
  try {
    good = work();
  } catch (...) {
    good = false;
  }
  ::_exit(good ? 0 : 1);
}

bool ends_within(pid_t child, std::chrono::milliseconds limit) {
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd wanted = {process.get(), POLLIN, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace
}  // namespace keystore::verify::doctor
