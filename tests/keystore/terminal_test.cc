#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "keystore/secret_source.h"

namespace keystore {
namespace {

using ::testing::HasSubstr;

// A child whose controlling terminal this test types on. The child's answer comes back by a pipe,
// so that what the terminal shows is only what a person would see.
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

std::string text_of(const Result<Secret>& secret) {
  return secret ? "got " + std::string(as_text(secret->view()))
                : std::string(to_string(secret.error().code));
}

std::string ask() { return text_of(read_secret_from_terminal("PIN for token 'prod'")); }

std::string typed(std::string_view keys) {
  Typist typist(ask);
  typist.wait_for("'prod': ");
  typist.type(keys);
  return typist.answer();
}

TEST(Terminal, AsksWithEchoOffAndPutsItBack) {
  Typist typist([] {
    const auto answer = ask();
    termios state = {};
    tcgetattr(STDIN_FILENO, &state);
    const bool restored = (state.c_lflag & (ECHO | ICANON | ISIG)) == (ECHO | ICANON | ISIG);
    return answer + (restored ? ", restored" : ", not restored");
  });
  typist.wait_for("'prod': ");
  EXPECT_FALSE(typist.echoes());
  typist.type("geheim\n");
  EXPECT_EQ(typist.answer(), "got geheim, restored");
  EXPECT_THAT(typist.shown(), HasSubstr("PIN for token 'prod': "));
  EXPECT_THAT(typist.shown(), Not(HasSubstr("geheim")));
}

TEST(Terminal, LetsThePersonCorrect) {
  EXPECT_EQ(typed("gehx\x7f"
                  "eim\n"),
            "got geheim");
  EXPECT_EQ(typed("wrong\x15geheim\r"), "got geheim");
  EXPECT_EQ(typed("a\xc3\xa4\x7f"
                  "b\n"),
            "got ab");
  EXPECT_EQ(typed("\x7f\x7f"
                  "a\n"),
            "got a");
}

TEST(Terminal, EndsWithControlD) {
  EXPECT_EQ(typed("geheim\x04"), "got geheim");
  EXPECT_EQ(typed("\x04"), "cancelled");
}

TEST(Terminal, IsCancelledByControlC) { EXPECT_EQ(typed("gehei\x03"), "cancelled"); }

TEST(Terminal, RefusesEndlessLines) {
  EXPECT_EQ(typed(std::string(1025, 'x')), "invalid_argument");
}

TEST(Terminal, NeedsOne) {
  Typist typist([] {
    // A session of its own has no controlling terminal.
    const auto pid = fork();
    if (pid == 0) {
      setsid();
      const auto answer = read_secret_from_terminal("PIN");
      _exit(!answer && answer.error().code == Errc::pin_required && !answer.error().hint.empty()
                ? 0
                : 1);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return std::to_string(status);
  });
  EXPECT_EQ(typist.answer(), "0");
}

TEST(Prompt, AsksTwiceForWhatIsNew) {
  const auto choose = [] {
    return text_of(
        SecretSource::parse("prompt")->read({PinRequest::What::new_pin, "prod", {}, false}));
  };
  {
    Typist typist(choose);
    typist.wait_for("'prod': ");
    typist.type("geheim\n");
    typist.wait_for("again: ");
    typist.type("geheim\n");
    EXPECT_EQ(typist.answer(), "got geheim");
  }
  Typist typist(choose);
  typist.wait_for("'prod': ");
  typist.type("geheim\n");
  typist.wait_for("again: ");
  typist.type("gehein\n");
  EXPECT_EQ(typist.answer(), "invalid_argument");
}

}  // namespace
}  // namespace keystore
