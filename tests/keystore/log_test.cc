#include "keystore/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
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

// In a mount namespace of its own: `folder` is empty, and a socket listens at `path` in it.
// Returns what arrives there when one line is logged `to` it.
std::string received(const std::string& to, const char* folder, const std::string& path) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", folder, "tmpfs", 0, nullptr) != 0) {
    return "no mount namespace";
  }
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  const int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return "no socket";

  // Beside the mounts: what is under /dev and /run is hidden now.
  const std::string config = std::string(folder) + "/config.toml";
  std::ofstream(config) << "[log]\nto = '" << to << "'\n";
  setenv("KEYSTORE_CONFIG", config.c_str(), 1);
  log(LogLevel::warning, "a\nwarning");
  char text[512];
  const auto size = recv(listener, text, sizeof text, 0);
  return std::string(text, size < 0 ? 0 : static_cast<std::size_t>(size));
}

bool may_mount() {
  const auto pid = fork();
  if (pid == 0) _exit(unshare(CLONE_NEWNS) == 0 ? 0 : 1);
  int status = 0;
  return waitpid(pid, &status, 0) == pid && status == 0;
}

[[noreturn]] void end_with(bool promise) { _exit(promise ? 0 : 1); }

TEST_F(LogDeathTest, WritesToSyslogAndJournal) {
  if (!may_mount()) GTEST_SKIP() << "needs root, to put a socket where the log daemon's is";
  EXPECT_EXIT(end_with(received("syslog", "/dev", "/dev/log") ==
                       "<12>keystore[" + std::to_string(getpid()) + "]: a warning"),
              ::testing::ExitedWithCode(0), "^$");
  EXPECT_EXIT(end_with(received("journal", "/run", "/run/systemd/journal/socket") ==
                       "PRIORITY=4\nSYSLOG_IDENTIFIER=keystore\nMESSAGE=a warning\n"),
              ::testing::ExitedWithCode(0), "^$");
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
