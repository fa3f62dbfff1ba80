#include "keystore/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "keystore/config.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using keystore::testing::EnvironmentGuard;
using keystore::testing::read_text;
using keystore::testing::Workspace;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// The configuration is read once in a process: what depends on it runs in a program of its own,
// which death tests of this style are.
class Log : public ::testing::Test {
 protected:
  Log() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  void TearDown() override { set_log_sink({}); }
};
using LogDeathTest = Log;

TEST_F(Log, GivesLinesToTheSink) {
  const EnvironmentGuard none("KEYSTORE_CONFIG", std::nullopt);
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  log(LogLevel::error, "one");
  log(LogLevel::info, "two");
  log(LogLevel::debug, "below the level");
  set_log_sink({});
  log(LogLevel::error, "to nobody");
  EXPECT_THAT(lines, ElementsAre("one", "two"));
}

TEST_F(Log, SurvivesASinkThatThrowsOrLogs) {
  int calls = 0;
  set_log_sink([&](LogLevel, std::string_view) {
    ++calls;
    log(LogLevel::error, "from inside");
    throw 1;
  });
  log(LogLevel::error, "one");
  log(LogLevel::error, "two");
  EXPECT_EQ(calls, 2);
}

TEST_F(Log, TakesLinesFromManyThreadsAndInAForkedChild) {
  std::atomic<int> lines = 0;
  set_log_sink([&](LogLevel, std::string_view) { ++lines; });
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) log(LogLevel::error, "x");
    });
  }
  for (int i = 0; i < 50; ++i) {
    const auto pid = fork();
    if (pid == 0) {
      alarm(20);
      log(LogLevel::error, "child");
      _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_GT(lines, 0);
}

// This program and the one that dies have folders of their own: the path here, in both.
std::string same_in_both(const char* variable, const std::string& path) {
  setenv(variable, path.c_str(), 0);
  return std::getenv(variable);
}

[[noreturn]] void log_with(const std::string& settings, const Workspace& workspace) {
  setenv("KEYSTORE_CONFIG", workspace.write("config.toml", "[log]\n" + settings).c_str(), 1);
  log(LogLevel::warning, "a\nwarning");
  log(LogLevel::info, "some information");
  std::exit(0);
}

TEST_F(LogDeathTest, WritesToTheConfiguredFile) {
  const Workspace workspace;
  const auto file = same_in_both("KEYSTORE_TEST_LOG", workspace / "log");
  EXPECT_EXIT(log_with("to = 'file:" + file + "'\nlevel = 'warning'", workspace),
              ::testing::ExitedWithCode(0), "^$");
  EXPECT_THAT(read_text(file),
              MatchesRegex("[0-9-]+T[0-9:]+Z keystore\\[[0-9]+\\] warning: a warning\n"));
}

// A server's workers have given up the rights that the log file asks for.
TEST_F(LogDeathTest, WritesToTheFileThatWasOpenedBeforeRightsWereGivenUp) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to give up its rights";
  const Workspace workspace;
  const auto file = same_in_both("KEYSTORE_TEST_WORKER_LOG", workspace / "log");
  EXPECT_EXIT(
      {
        const auto config = workspace.write("config.toml", "[log]\nto = 'file:" + file + "'\n");
        setenv("KEYSTORE_CONFIG", config.c_str(), 1);
        (void)process_config();
        if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
        log(LogLevel::error, "from the worker");
        for (int fd = 3; fd < 10; ++fd) close(fd);
        log(LogLevel::error, "to nowhere");
        _exit(0);
      },
      ::testing::ExitedWithCode(0), "^$");
  EXPECT_THAT(read_text(file), HasSubstr("from the worker"));
  EXPECT_THAT(read_text(file), Not(HasSubstr("to nowhere")));
}

TEST_F(LogDeathTest, NeverWritesToTheHostsStandardError) {
  const Workspace workspace;
  for (const auto* to : {"stderr", "syslog", "journal", "file:/nowhere/at/all"}) {
    EXPECT_EXIT(log_with("to = '" + std::string(to) + "'", workspace), ::testing::ExitedWithCode(0),
                "^$")
        << to;
  }
}

TEST_F(LogDeathTest, IsQuietWhenTheConfigurationIsBroken) {
  const Workspace workspace;
  EXPECT_EXIT(log_with("to = ", workspace), ::testing::ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace keystore
