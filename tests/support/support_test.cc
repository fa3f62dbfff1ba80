#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/softhsm.h"
#include "tests/support/workspace.h"

namespace keystore::testing {
namespace {

TEST(SupportProcess, GivesStatusAndBothStreams) {
  const auto done = run({"sh", "-c", "cat; echo bad >&2; exit 3"}, {.input = "good"});
  EXPECT_EQ(done.status, 3);
  EXPECT_EQ(done.out, "good");
  EXPECT_EQ(done.err, "bad\n");
}

TEST(SupportProcess, MovesMoreThanAPipeHolds) {
  const std::string input(1 << 20, 'x');
  EXPECT_EQ(run({"cat"}, {.input = input}).out, input);
}

TEST(SupportProcess, KillsAtTheDeadline) {
  const auto done = run({"sleep", "60"}, {.timeout = std::chrono::milliseconds(50)});
  EXPECT_TRUE(done.timed_out);
  EXPECT_EQ(done.signal, SIGKILL);
}

TEST(SupportProcess, ChangesTheEnvironment) {
  const EnvironmentGuard guard("SUPPORT_TEST", "ours");
  EXPECT_EQ(run({"sh", "-c", "echo $SUPPORT_TEST"}).out, "ours\n");
  EXPECT_EQ(run({"sh", "-c", "echo $SUPPORT_TEST"}, {.environment = {"SUPPORT_TEST=x"}}).out,
            "x\n");
  EXPECT_EQ(run({"sh", "-c", "echo $SUPPORT_TEST"}, {.environment = {"SUPPORT_TEST"}}).out, "\n");
}

TEST(SupportProcess, SaysWhenTheProgramIsMissing) {
  EXPECT_EQ(run({"no-such-program"}).status, 127);
  EXPECT_FALSE(have_program("no-such-program"));
}

TEST(SupportServer, EndsWithWhatItStarted) {
  const Workspace workspace;
  const auto started = workspace / "started";
  pid_t grandchild = 0;
  {
    Server server({"sh", "-c", "sleep 60 & echo $! > $STARTED.new; mv $STARTED.new $STARTED; wait"},
                  {"STARTED=" + started.string()});
    server.wait_until([&] { return std::filesystem::exists(started); });
    grandchild = std::stoi(read_text(started));
    EXPECT_TRUE(server.running());
    EXPECT_EQ(kill(grandchild, 0), 0);
  }
  const auto lives = [&] {
    // Whoever inherits it may leave it a zombie.
    const auto about = run({"cat", "/proc/" + std::to_string(grandchild) + "/stat"});
    return about.ok() && about.out.find(") Z ") == std::string::npos;
  };
  for (int i = 0; i < 1000 && lives(); ++i) usleep(5000);
  EXPECT_FALSE(lives());
}

TEST(SupportServer, SaysWhyItIsNotReady) {
  Server server({"sh", "-c", "echo no such token; exit 3"});
  try {
    server.wait_until([] { return false; });
    FAIL() << "it was ready";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "sh ended: no such token\n");
  }
  EXPECT_FALSE(server.running());
}

TEST(SupportWorkspace, IsRemovedAtTheEnd) {
  std::filesystem::path path;
  {
    const Workspace workspace;
    path = workspace.path();
    EXPECT_EQ(read_text(workspace.write("file", "content")), "content");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SupportSoftHsm, HasItsOwnTokensAndRemovesThem) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  std::filesystem::path folder;
  {
    SoftHsm hsm;
    folder = hsm.folder();
    hsm.add_token("second");
    const auto slots = run({"softhsm2-util", "--show-slots"});
    EXPECT_NE(slots.out.find("second"), std::string::npos) << slots.text();
    EXPECT_EQ(hsm.uri("web"), "pkcs11:token=test;object=web");
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace keystore::testing
