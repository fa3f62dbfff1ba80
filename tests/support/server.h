#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/workspace.h"

namespace keystore::testing {

/// A program that runs beside the test, in a process group of its own, its output in a file. It is
/// ended with this object, and when the test itself is killed. Made and destroyed by the thread
/// that lives as long as the test: the main one.
class Server {
 public:
  /// `environment` as in RunOptions. Throws std::system_error when no process can be made.
  explicit Server(std::vector<std::string> command, std::vector<std::string> environment = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Waits until `ready` holds. Throws std::runtime_error with what the program wrote when it ends
  /// before that, or at the deadline.
  void wait_until(const std::function<bool()>& ready,
                  std::chrono::seconds at_most = std::chrono::seconds(30));
  /// Ends it with SIGTERM, after `patience` with SIGKILL, and the processes that it started with
  /// it. Once stopped it stays so.
  void stop(std::chrono::seconds patience = std::chrono::seconds(5));

  bool running() const;
  pid_t pid() const noexcept { return pid_; }
  std::string output() const { return read_text(output_); }

 private:
  Workspace workspace_;
  std::filesystem::path output_;
  std::string name_;
  pid_t pid_ = -1;
};

}  // namespace keystore::testing
