// A move killed at every step and phase is resumed or rolled back by the command; so are a rollback
// and a retirement that were killed. Each process is a new one, as after a crash.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tests/lifecycle/move_fixture.h"

namespace keystore::testing {
namespace {

using Json = nlohmann::json;

std::string build() { return std::getenv("KEYSTORE_BUILD"); }

class KilledMove : public MoveTest {
 protected:
  void SetUp() override {
    MoveTest::SetUp();
    if (IsSkipped()) return;
    key_ = make_key("web.key");
    before_ = snapshot(key_);
  }

  RunOptions in_its_own_state() const {
    return {.environment = {"XDG_STATE_HOME=" + file("moves").string()}};
  }

  Outcome command(std::vector<std::string> words) const {
    words.insert(words.begin(), {build() + "/bin/keystore", "move", "--json"});
    return run(words, in_its_own_state());
  }

  /// Ends by SIGKILL at that point, or the test fails.
  void kill_at(const std::string& action, const std::string& step, const std::string& phase,
               const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {build() + "/tests/bin/move_killer", action, step, phase};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.push_back(hsm().pin_source());
    const auto killed = run(words, in_its_own_state());
    ASSERT_EQ(killed.signal, SIGKILL) << killed.text();
  }

  void kill_move_at(const std::string& step, const std::string& phase) const {
    kill_at("run", step, phase, {key_.string(), hsm().uri("killed")});
  }

  /// Kills a move so long after the import began, and rolls it back; it may have been quicker.
  void kill_import_after(int delay_ms) {
    const auto killed = run({build() + "/tests/bin/move_killer", "run", "import-key",
                             "begun+" + std::to_string(delay_ms), key_.string(),
                             hsm().uri("killed"), hsm().pin_source()},
                            in_its_own_state());
    ASSERT_TRUE(killed.signal == SIGKILL || killed.status == 3) << killed.text();
    expect_key_usable();
    roll_back(only_move().at("id"));
    std::filesystem::remove_all(file("moves"));
  }

  std::string make_whole_move() const {
    const auto moved = command({key_.string(), hsm().uri("killed"), "--pin", hsm().pin_source()});
    EXPECT_TRUE(moved.ok()) << moved.text();
    return Json::parse(moved.out).at("id");
  }

  Json only_move() const {
    const auto list = command({"--list"});
    EXPECT_TRUE(list.ok()) << list.text();
    const auto moves = Json::parse(list.out).at("moves");
    EXPECT_LE(moves.size(), 1U);
    return moves.empty() ? Json() : moves[0];
  }

  /// Objects with a name on the token, seen by a new process. SoftHSM 2.6.1 leaves one without name
  /// and key where it was killed inside C_CreateObject.
  std::size_t objects() const {
    const auto list =
        run({build() + "/bin/keystore", "ls", "--json", hsm().uri(), "--pin", hsm().pin_source()});
    EXPECT_TRUE(list.ok()) << list.text();
    const auto entries = Json::parse(list.out).at("entries");
    return static_cast<std::size_t>(std::count_if(
        entries.begin(), entries.end(),
        [](const Json& each) { return each.at("label") != "" || each.at("id") != ""; }));
  }

  /// The key can be used where it is named, at this very moment.
  void expect_key_usable() const {
    const auto signature =
        run({build() + "/bin/keystore", "sign", key_.string(), "--scheme", "ecdsa_secp256r1_sha256",
             "--in", key_.string(), "--out", file("signature").string(), "--force"});
    EXPECT_TRUE(signature.ok()) << signature.text();
    std::filesystem::remove(file("signature"));
  }

  void expect_as_before() const {
    EXPECT_EQ(snapshot(key_), before_);
    EXPECT_EQ(objects(), 0U);
    EXPECT_THAT(names(), ::testing::ElementsAre("web.key"));
  }

  void roll_back(const std::string& id) const {
    const auto back = command({"--rollback", id});
    ASSERT_TRUE(back.ok()) << back.text();
    EXPECT_EQ(Json::parse(back.out).at("state"), "rolled-back");
    expect_as_before();
  }

  std::filesystem::path key_;
  FileSnapshot before_;
};

struct Point {
  const char* step;
  const char* phase;
};

void PrintTo(const Point& point, std::ostream* out) { *out << point.step << ' ' << point.phase; }

std::string name_of(const ::testing::TestParamInfo<Point>& info) {
  std::string name = std::string(info.param.step) + "_" + info.param.phase;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<Point> points(std::initializer_list<const char*> steps) {
  std::vector<Point> all;
  for (const auto* step : steps) {
    for (const auto* phase : {"begun", "done", "ended"}) all.push_back({step, phase});
  }
  return all;
}

class KilledMoveAt : public KilledMove, public ::testing::WithParamInterface<Point> {};

TEST_P(KilledMoveAt, IsResumed) {
  kill_move_at(GetParam().step, GetParam().phase);
  expect_key_usable();
  const auto move = only_move();
  const auto id = move.at("id").get<std::string>();
  const auto resumed = command({"--resume", id});
  ASSERT_TRUE(resumed.ok()) << resumed.text();
  const auto record = Json::parse(resumed.out);
  EXPECT_EQ(record.at("state"), "replaced");
  EXPECT_EQ(read_text(record.at("backup").get<std::string>()), before_.content);
  EXPECT_EQ(snapshot(record.at("backup").get<std::string>()).mode & 07777U, 0600U);
  EXPECT_EQ(snapshot(key_).mode, before_.mode);
  EXPECT_THAT(names(), ::testing::SizeIs(2));
  expect_key_usable();
  roll_back(id);
}

TEST_P(KilledMoveAt, IsRolledBack) {
  kill_move_at(GetParam().step, GetParam().phase);
  roll_back(only_move().at("id"));
}

INSTANTIATE_TEST_SUITE_P(Steps, KilledMoveAt,
                         ::testing::ValuesIn(points({"import-key", "prove-key",
                                                     "import-certificates", "write-reference",
                                                     "prove-reference", "back-up", "replace",
                                                     "protect-backup", "reload"})),
                         name_of);

TEST_F(KilledMove, BeforeItsPlanIsWrittenHasChangedNothing) {
  kill_move_at("plan", "begun");
  EXPECT_TRUE(only_move().is_null());
  expect_as_before();
  const auto id = make_whole_move();
  roll_back(id);
}

TEST_F(KilledMove, AfterItsPlanIsWrittenIsResumedOrRolledBack) {
  kill_move_at("plan", "ended");
  const auto id = only_move().at("id").get<std::string>();
  const auto again = command({key_.string(), hsm().uri("killed"), "--pin", hsm().pin_source()});
  EXPECT_EQ(again.status, 6) << again.text();
  const auto resumed = command({"--resume", id});
  ASSERT_TRUE(resumed.ok()) << resumed.text();
  roll_back(id);
}

// Inside the steps as well: whatever the moment was, the key is usable and the move can be undone.
// From the first step on: SoftHSM 2.6.1 loses its token when it is killed inside C_Login.
TEST_F(KilledMove, AtAnyMomentLosesNothing) {
  constexpr int longest_ms = 200;
  for (int delay_ms = 1; delay_ms < longest_ms && !HasFailure(); delay_ms += 9) {
    kill_import_after(delay_ms);
  }
}

// The same where the key goes in wrapped.
TEST_F(KilledMove, AtAnyMomentOfAnUnwrappingLosesNothing) {
  module().set_faults("no-create 0xD1");
  constexpr int longest_ms = 120;
  for (int delay_ms = 1; delay_ms < longest_ms && !HasFailure(); delay_ms += 7) {
    kill_import_after(delay_ms);
  }
}

TEST_F(KilledMove, LeavesNothingOfAFileThatWasBeingWritten) {
  const auto moved = command({key_.string(), hsm().uri("left"), "--pin", hsm().pin_source()});
  ASSERT_TRUE(moved.ok()) << moved.text();
  const std::string id = only_move().at("id");
  for (const auto* kind : {"reference", "backup"}) {
    std::ofstream(file(std::string(".web.key.keystore-") + kind + "-" + id + ".0123456789abcdef"))
        << "unfinished";
  }
  roll_back(id);
}

TEST_F(KilledMove, RacingWithOthersOfTheSameFileIsMadeOnce) {
  constexpr std::size_t racers = 4;
  std::vector<std::future<Outcome>> running;
  for (std::size_t i = 0; i < racers; ++i) {
    running.push_back(std::async(std::launch::async, [this, i] {
      return command(
          {key_.string(), hsm().uri("racer" + std::to_string(i)), "--pin", hsm().pin_source()});
    }));
  }
  std::string winner;
  for (auto& each : running) {
    const auto outcome = each.get();
    if (!outcome.ok()) {
      EXPECT_EQ(outcome.status, 6) << outcome.text();
      continue;
    }
    EXPECT_EQ(winner, "") << "two moves of one file";
    winner = Json::parse(outcome.out).at("id");
  }
  ASSERT_NE(winner, "");
  expect_key_usable();
  EXPECT_EQ(objects(), 2U);
  roll_back(winner);
}

class KilledRollbackAt : public KilledMove, public ::testing::WithParamInterface<Point> {};

TEST_P(KilledRollbackAt, IsFinishedByAnother) {
  const auto id = make_whole_move();
  kill_at("rollback", GetParam().step, GetParam().phase, {id});
  expect_key_usable();
  const bool finished = only_move().at("state") == "rolled-back";
  const auto resumed = command({"--resume", id});
  EXPECT_EQ(resumed.status, finished ? 0 : 2) << resumed.text();
  roll_back(id);
}

INSTANTIATE_TEST_SUITE_P(Steps, KilledRollbackAt,
                         ::testing::ValuesIn(points({"restore-file", "reload-restored",
                                                     "remove-objects", "remove-files"})),
                         name_of);

class KilledRetirementAt : public KilledMove, public ::testing::WithParamInterface<Point> {};

TEST_P(KilledRetirementAt, IsFinishedByAnother) {
  const auto id = make_whole_move();
  kill_at("retire", GetParam().step, GetParam().phase, {id});
  expect_key_usable();
  const auto retired = command({"--retire", id, "--yes"});
  ASSERT_TRUE(retired.ok()) << retired.text();
  EXPECT_EQ(Json::parse(retired.out).at("state"), "retired");
  EXPECT_THAT(names(), ::testing::ElementsAre("web.key"));
  expect_key_usable();
  // The next test begins with an empty token.
  const auto removed = run({build() + "/bin/keystore", "rm", hsm().uri("killed") + ";type=private",
                            "--yes", "--pin", hsm().pin_source()});
  EXPECT_TRUE(removed.ok()) << removed.text();
}

TEST_P(KilledRetirementAt, IsRolledBackWhileTheBackupIsThere) {
  const auto id = make_whole_move();
  kill_at("retire", GetParam().step, GetParam().phase, {id});
  const bool removed =
      GetParam().step == std::string("remove-backup") && GetParam().phase != std::string("begun");
  if (!removed) {
    roll_back(id);
    return;
  }
  EXPECT_NE(command({"--rollback", id}).status, 0);
  expect_key_usable();
  const auto gone = run({build() + "/bin/keystore", "rm", hsm().uri("killed") + ";type=private",
                         "--yes", "--pin", hsm().pin_source()});
  EXPECT_TRUE(gone.ok()) << gone.text();
}

INSTANTIATE_TEST_SUITE_P(Steps, KilledRetirementAt,
                         ::testing::ValuesIn(points({"prove-again", "remove-backup"})), name_of);

}  // namespace
}  // namespace keystore::testing
