#include "keystore/internal/run_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "keystore/internal/fd.h"

namespace keystore {
namespace {

/// What the program's descriptors shall be.
class Descriptors {
 public:
  explicit Descriptors(const std::string& output) {
    posix_spawn_file_actions_init(&actions_);
    if (output.empty()) {
      // Our standard output holds a result that programs read.
      posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
    } else {
      posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, output.c_str(),
                                       O_WRONLY | O_CREAT | O_EXCL, 0600);
    }
  }
  ~Descriptors() { posix_spawn_file_actions_destroy(&actions_); }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_ = {};
};

/// A process group of its own, where it may have to be killed whole.
class Attributes {
 public:
  explicit Attributes(bool own_group) {
    posix_spawnattr_init(&attributes_);
    if (own_group) posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_ = {};
};

/// Whether the child ends in that time; where the system cannot tell (Linux before 5.3), it does.
bool ends_within(pid_t child, std::chrono::milliseconds most) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (!process) return true;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd end = {.fd = process.get(), .events = POLLIN, .revents = 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&end, 1, static_cast<int>(left.count()));
    if (ready >= 0 || errno != EINTR) return ready != 0;
  }
}

}  // namespace

std::string program_path(const std::string& name, bool privileged) {
  if (!privileged || name.find('/') != std::string::npos) return name;
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return "/usr/bin/" + name;  // which is not there
}

Result<void> run_program(const std::vector<std::string>& words,
                         std::optional<std::chrono::milliseconds> most, const std::string& output) {
  if (words.empty()) return {};
  auto owned = words;
  std::vector<char*> arguments;
  for (auto& word : owned) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const Descriptors descriptors(output);
  const Attributes attributes(most.has_value());
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, program_path(words[0]).c_str(), descriptors.get(),
                                    attributes.get(), arguments.data(), environ);
  if (failed != 0) return Failure(error_from_errno(failed, "posix_spawnp", "run", words[0]));
  const bool late = most && !ends_within(child, *most);
  if (late) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return Failure(error_from_errno(errno, "waitpid", "wait for", words[0]));
  }
  if (late) {
    return fail(Errc::timed_out,
                fmt::format("'{}' did not end in {} ms", fmt::join(words, " "), most->count()));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Errc::io, fmt::format("'{}' failed with {} {}", fmt::join(words, " "),
                                    WIFEXITED(status) ? "status" : "signal",
                                    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
}

}  // namespace keystore
