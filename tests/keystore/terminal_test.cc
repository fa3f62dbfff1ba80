#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "keystore/secret_source.h"
#include "tests/support/typist.h"

namespace keystore {
namespace {

using ::testing::HasSubstr;
using testing::Typist;

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
