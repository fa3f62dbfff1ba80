#include "tests/support/program.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace keystore::testing {
namespace {

std::vector<std::string> merged_environment(const std::vector<std::string>& changes);
std::vector<char*> pointers(std::vector<std::string>& texts);

}  // namespace

Program::Program(std::vector<std::string> command, const std::vector<std::string>& environment)
    : command_(std::move(command)),
      environment_(merged_environment(environment)),
      arguments_(pointers(command_)),
      variables_(pointers(environment_)) {}

void Program::become(int in, int out, int err, const char* folder) const {
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  signal(SIGPIPE, SIG_DFL);
  if (!folder || chdir(folder) == 0) execvpe(arguments_[0], arguments_.data(), variables_.data());
  _exit(127);
}

namespace {

std::vector<std::string> merged_environment(const std::vector<std::string>& changes) {
  const auto name_of = [](std::string_view entry) { return entry.substr(0, entry.find('=')); };
  std::vector<std::string> merged;
  for (char** entry = environ; *entry; ++entry) {
    const auto same = [&](const std::string& change) { return name_of(change) == name_of(*entry); };
    if (std::none_of(changes.begin(), changes.end(), same)) merged.emplace_back(*entry);
  }
  for (const auto& change : changes) {
    if (change.find('=') != std::string::npos) merged.push_back(change);
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace
}  // namespace keystore::testing
