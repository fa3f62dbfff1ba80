#include "keystore/verify/doctor/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "keystore/internal/fd.h"

namespace keystore::verify::doctor {
namespace {

[[noreturn]] void be_child(const std::function<std::string()>& work, int out,
                           std::chrono::milliseconds limit);
bool read_to_end(int in, std::chrono::milliseconds limit, std::string& text);

}  // namespace

Child run_in_child(const std::function<std::string()>& work, std::chrono::milliseconds limit) {
  std::array<int, 2> ends = {};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  const Fd in(ends[0]);
  Fd out(ends[1]);
  const auto process = ::fork();
  if (process < 0) return {};
  if (process == 0) be_child(work, out.get(), limit);
  out.close();
  Child child;
  const bool ended = read_to_end(in.get(), limit, child.answer);
  if (!ended) ::kill(process, SIGKILL);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return {ChildEnd::stuck};
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return {ChildEnd::crashed};
  child.end = ChildEnd::done;
  return child;
}

namespace {

/// Ends without the exit handlers of its parent; should nobody wait for it, by its own alarm.
void be_child(const std::function<std::string()>& work, int out, std::chrono::milliseconds limit) {
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(limit).count()) + 1);
  if (const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0) {
    ::dup2(nowhere, STDERR_FILENO);
  }
  try {
    const auto answer = work();
    const bool written = ::write(out, answer.data(), answer.size()) >= 0;
    ::_exit(written ? 0 : 1);
  } catch (...) {
    ::_exit(1);
  }
}

/// False: it takes too long.
bool read_to_end(int in, std::chrono::milliseconds limit, std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd wanted = {in, POLLIN, 0};
    if (::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) continue;
    std::array<char, 4096> piece = {};
    const auto count = ::read(in, piece.data(), piece.size());
    if (count == 0) return true;
    if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) return true;
  }
}

}  // namespace
}  // namespace keystore::verify::doctor
