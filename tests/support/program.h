#pragma once

#include <string>
#include <vector>

namespace keystore::testing {

/// A command (found on PATH, no shell) and its surroundings, put together before a fork.
class Program {
 public:
  /// `environment`: "NAME=value" on top of ours; "NAME" unsets.
  Program(std::vector<std::string> command, const std::vector<std::string>& environment);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Becomes the program, in `folder` unless that is null; the process ends with 127 where it
  /// cannot. Allocates nothing, so the child of a process with threads may call it.
  [[noreturn]] void become(int in, int out, int err, const char* folder = nullptr) const;

 private:
  std::vector<std::string> command_;
  std::vector<std::string> environment_;
  std::vector<char*> arguments_;
  std::vector<char*> variables_;
};

}  // namespace keystore::testing
