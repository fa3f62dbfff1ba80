#include "tests/support/server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "tests/support/program.h"

namespace keystore::testing {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Server::Server(std::vector<std::string> command, std::vector<std::string> environment)
    : output_(workspace_.write("output", "")), name_(command.front()) {
  const Program program(std::move(command), environment);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int output = open(output_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    program.become(nothing, output, output);
  }
  const int error = errno;
  close(nothing);
  close(output);
  if (pid_ < 0) throw std::system_error(error, std::generic_category(), "fork");
  setpgid(pid_, pid_);  // the child does it as well: whoever comes first
}

Server::~Server() { stop(); }

void Server::wait_until(const std::function<bool()>& ready, std::chrono::seconds at_most) {
  const auto end = Clock::now() + at_most;
  while (!ready()) {
    if (!running()) throw std::runtime_error(name_ + " ended: " + output());
    if (Clock::now() > end) throw std::runtime_error(name_ + " is not ready: " + output());
    poll(nullptr, 0, 5);
  }
}

void Server::stop(std::chrono::seconds patience) {
  if (pid_ < 0) return;
  kill(-pid_, SIGTERM);
  const auto end = Clock::now() + patience;
  while (running() && Clock::now() < end) poll(nullptr, 0, 5);
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool Server::running() const {
  // Not reaped here: its number names nobody else's group until stop().
  siginfo_t ended = {};
  return pid_ >= 0 &&
         waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0;
}

}  // namespace keystore::testing
