#include "keystore/internal/run_program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace keystore {
namespace {

/// What the program's descriptors shall be.
class Descriptors {
 public:
  Descriptors() {
    posix_spawn_file_actions_init(&actions_);
    // Our standard output holds a result that programs read.
    posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
  }
  ~Descriptors() { posix_spawn_file_actions_destroy(&actions_); }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_ = {};
};

}  // namespace

Result<void> run_program(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  auto owned = words;
  std::vector<char*> arguments;
  for (auto& word : owned) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const Descriptors descriptors;
  pid_t child = 0;
  const int failed =
      ::posix_spawnp(&child, arguments[0], descriptors.get(), nullptr, arguments.data(), environ);
  if (failed != 0) return Failure(error_from_errno(failed, "posix_spawnp", "run", words[0]));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return Failure(error_from_errno(errno, "waitpid", "wait for", words[0]));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Errc::io, fmt::format("'{}' failed with {} {}", fmt::join(words, " "),
                                    WIFEXITED(status) ? "status" : "signal",
                                    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
}

}  // namespace keystore
