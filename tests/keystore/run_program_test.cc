#include "keystore/internal/run_program.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "keystore/file.h"
#include "keystore/internal/temporary_folder.h"

namespace keystore {
namespace {

using std::chrono::milliseconds;

TEST(RunProgram, WaitsForItsEnd) {
  EXPECT_TRUE(run_program({"true"}));
  EXPECT_TRUE(run_program({"true"}, std::chrono::minutes(1)));
  EXPECT_EQ(run_program({"false"}).error().code, Errc::io);
  EXPECT_EQ(run_program({"no-such-program"}, milliseconds(10)).error().code, Errc::not_found);
}

TEST(RunProgram, FindsNothingOnThePathOfTheUserOfASetUserIdProgram) {
  EXPECT_EQ(program_path("true", false), "true");
  EXPECT_EQ(program_path("/opt/x", true), "/opt/x");
  EXPECT_TRUE(program_path("true", true).ends_with("/bin/true"));
  EXPECT_EQ(program_path("no-such-program", true), "/usr/bin/no-such-program");
}

TEST(RunProgram, PrintsIntoAFile) {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "out").string();
  EXPECT_TRUE(run_program({"echo", "two words"}, {}, file));
  EXPECT_EQ(as_text(read_file(file).value().view()), "two words\n");
  EXPECT_FALSE(run_program({"true"}, {}, file)) << "a file that is there is not written over";
}

TEST(RunProgram, KillsWhatTakesLongerWithWhatItStarted) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe(ends.data()), 0);  // inherited by both
  const auto ended = run_program({"sh", "-c", "sleep 600 & sleep 600"}, milliseconds(300));
  close(ends[1]);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::timed_out);
  // The end of the pipe comes when nobody has it open for writing any more.
  pollfd end = {.fd = ends[0], .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&end, 1, 60000), 1) << "something that it started lives on";
  close(ends[0]);
}

}  // namespace
}  // namespace keystore
