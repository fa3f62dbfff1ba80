#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace keystore::testing {

/// A child whose controlling terminal this test types on. The child's answer comes back by a pipe,
/// so that what the terminal shows is only what a person would see.
class Typist {
 public:
  explicit Typist(const std::function<std::string()>& child) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
    pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
      alarm(20);
      const auto answer = child();
      const auto written = write(ends[1], answer.data(), answer.size());
      _exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
    }
    close(ends[1]);
    answer_ = ends[0];
  }
  ~Typist() {
    close(terminal_);
    close(answer_);
    waitpid(pid_, nullptr, 0);
  }
  Typist(const Typist&) = delete;
  Typist& operator=(const Typist&) = delete;

  void wait_for(std::string_view text) {
    while (shown_.find(text) == shown_.npos && show_more()) {
    }
  }
  void type(std::string_view text) {
    ASSERT_EQ(write(terminal_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string answer() {
    std::string text;
    char buffer[256];
    for (ssize_t count = 0; (count = read(answer_, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(count));
    }
    while (show_more()) {
    }
    return text;
  }
  const std::string& shown() const { return shown_; }
  bool echoes() const {
    termios state = {};
    return tcgetattr(terminal_, &state) == 0 && (state.c_lflag & ECHO) != 0;
  }

 private:
  bool show_more() {
    pollfd waiting = {terminal_, POLLIN, 0};
    char buffer[256];
    if (poll(&waiting, 1, 20000) <= 0) return false;
    const auto count = read(terminal_, buffer, sizeof buffer);
    if (count <= 0) return false;
    shown_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  pid_t pid_ = -1;
  int terminal_ = -1;
  int answer_ = -1;
  std::string shown_;
};

}  // namespace keystore::testing
