#include "keystore/internal/secret_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sstream>
#include <vector>

#include "keystore/internal/fd.h"
#include "keystore/internal/run_program.h"

namespace keystore {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_output = 64U << 10;

// A started program; killed and reaped if it is not waited for.
class Program {
 public:
  static Result<Program> start(const std::string& command_line);
  Program(Program&& other) noexcept;
  Program& operator=(Program&&) = delete;
  ~Program();

  const std::string& name() const noexcept { return name_; }
  Result<Secret> read_output(Clock::time_point deadline);
  Result<void> wait(Clock::time_point deadline);

 private:
  Program(std::string name, pid_t pid, Fd output)
      : name_(std::move(name)), pid_(pid), output_(std::move(output)) {}
  std::string name_;
  pid_t pid_;
  Fd output_;
};

std::vector<std::string> words_of(const std::string& line);
int spawn(std::vector<std::string>& words, int output, pid_t& pid);
bool readable_before(int fd, Clock::time_point deadline);
Failure timed_out(const std::string& name);

}  // namespace

Result<Secret> read_from_command(const std::string& command_line, Clock::duration timeout) {
  const auto deadline = Clock::now() + timeout;
  auto program = Program::start(command_line);
  if (!program) return Failure(program.error());
  auto output = program->read_output(deadline);
  if (!output) return output;
  if (const auto ok = program->wait(deadline); !ok) return Failure(ok.error());
  const auto text = output->view();
  output->shrink(
      static_cast<std::size_t>(std::find(text.begin(), text.end(), '\n') - text.begin()));
  return output;
}

namespace {

Result<Program> Program::start(const std::string& command_line) {
  auto words = words_of(command_line);
  if (words.empty()) return fail(Errc::invalid_argument, "cmd: names no program");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return Failure(error_from_errno(errno, "pipe2", "run", words[0]));
  Fd output(ends[0]);
  const Fd input(ends[1]);
  pid_t pid = -1;
  if (const int number = spawn(words, input.get(), pid); number != 0) {
    return Failure(error_from_errno(number, "posix_spawn", "run", words[0]));
  }
  return Program(words[0], pid, std::move(output));
}

Program::Program(Program&& other) noexcept
    : name_(std::move(other.name_)),
      pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)) {}

Program::~Program() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<Secret> Program::read_output(Clock::time_point deadline) {
  Secret output(longest_output);
  std::size_t size = 0;
  for (;;) {
    if (!readable_before(output_.get(), deadline)) return timed_out(name_);
    if (size == output.size()) {
      return fail(Errc::malformed, fmt::format("'{}' writes more than {} octets", name_, size));
    }
    const auto count = read(output_.get(), output.writable().data() + size, output.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failure(error_from_errno(errno, "read", "read the output of", name_));
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  output.shrink(size);
  return output;
}

Result<void> Program::wait(Clock::time_point deadline) {
  const Fd handle(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (handle && !readable_before(handle.get(), deadline)) return timed_out(name_);
  int status = 0;
  pid_t ended = -1;
  do {
    ended = waitpid(pid_, &status, 0);
  } while (ended < 0 && errno == EINTR);
  pid_ = -1;
  // A host that reaps every child itself has taken the status away: the output has to do.
  if (ended < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) return {};
  return fail(Errc::io, WIFEXITED(status)
                            ? fmt::format("'{}' ended with status {}", name_, WEXITSTATUS(status))
                            : fmt::format("'{}' was ended by signal {}", name_, WTERMSIG(status)));
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The host's signal mask and ignored signals are its own affair.
int spawn(std::vector<std::string>& words, int output, pid_t& pid) {
  const auto program = program_path(words[0]);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  // In this order: where the host has closed its standard input, `output` has its number.
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  const int number =
      posix_spawnp(&pid, program.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return number;
}

bool readable_before(int fd, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting = {fd, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::clamp<long>(left, 0, 1 << 30)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Failure timed_out(const std::string& name) {
  return fail(Errc::timed_out, fmt::format("'{}' did not answer in time", name));
}

}  // namespace

}  // namespace keystore
