#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <system_error>

#include "tests/support/program.h"

namespace keystore::testing {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  int read_end = -1;
  int write_end = -1;

  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
};

void close_end(int& end);
void exchange(Pipe& in, Pipe& out, Pipe& err, std::string_view input, Clock::time_point end,
              Outcome& outcome);
void drain(int& end, std::string& text);
bool wait_until(pid_t child, Clock::time_point end, int& status);

}  // namespace

Outcome run(const std::vector<std::string>& command, const RunOptions& options) {
  const Program program(command, options.environment);
  Pipe in;
  Pipe out;
  Pipe err;

  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    program.become(in.read_end, out.write_end, err.write_end,
                   options.folder.empty() ? nullptr : options.folder.c_str());
  }
  close_end(in.read_end);
  close_end(out.write_end);
  close_end(err.write_end);

  Outcome outcome;
  const auto end = Clock::now() + options.timeout;
  exchange(in, out, err, options.input, end, outcome);
  int status = 0;
  if (outcome.timed_out || !wait_until(child, end, status)) {
    outcome.timed_out = true;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
  }
  if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

std::string Outcome::text() const {
  std::ostringstream text;
  text << "status " << status;
  if (signal != 0) text << ", signal " << signal;
  if (timed_out) text << ", timed out";
  text << "\nstdout: " << out << "\nstderr: " << err;
  return text.str();
}

bool have_program(std::string_view name) {
  const char* path = getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((std::filesystem::path(folder) / name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

namespace {

Pipe::Pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  read_end = ends[0];
  write_end = ends[1];
}

Pipe::~Pipe() {
  close_end(read_end);
  close_end(write_end);
}

void close_end(int& end) {
  if (end >= 0) close(end);
  end = -1;
}

void exchange(Pipe& in, Pipe& out, Pipe& err, std::string_view input, Clock::time_point end,
              Outcome& outcome) {
  // A program that does not read its input must not end us.
  signal(SIGPIPE, SIG_IGN);
  fcntl(in.write_end, F_SETFL, O_NONBLOCK);
  if (input.empty()) close_end(in.write_end);
  while (out.read_end >= 0 || err.read_end >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) {
      outcome.timed_out = true;
      return;
    }
    std::array<pollfd, 3> ends{
        {{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}, {in.write_end, POLLOUT, 0}}};
    if (poll(ends.data(), ends.size(), static_cast<int>(left.count())) < 0) continue;
    if (ends[0].revents != 0) drain(out.read_end, outcome.out);
    if (ends[1].revents != 0) drain(err.read_end, outcome.err);
    if (ends[2].revents != 0) {
      const auto written = write(in.write_end, input.data(), input.size());
      if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
      if (input.empty() || (written < 0 && errno != EAGAIN)) close_end(in.write_end);
    }
  }
}

void drain(int& end, std::string& text) {
  std::array<char, 65536> buffer;
  const auto got = read(end, buffer.data(), buffer.size());
  if (got > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  } else {
    close_end(end);
  }
}

// The pipes are closed, so the program is ending: short waits only where it lingers.
bool wait_until(pid_t child, Clock::time_point end, int& status) {
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() >= end) return false;
    poll(nullptr, 0, 1);
  }
  return true;
}

}  // namespace
}  // namespace keystore::testing
