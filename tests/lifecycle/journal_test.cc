#include "keystore/lifecycle/internal/journal.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/workspace.h"

namespace keystore::lifecycle {
namespace {

using keystore::testing::EnvironmentGuard;
using keystore::testing::read_text;
using keystore::testing::Workspace;
using ::testing::HasSubstr;

constexpr std::chrono::sys_seconds noon{std::chrono::seconds(1'800'000'000)};

MovePlan::Data some_plan(std::string id = "0badcafe") {
  MovePlan::Data plan;
  plan.id = std::move(id);
  plan.path =
      "/etc/ssl/w\xff"
      "eb key.pem";
  plan.original = {"aa55", 241, 0640, 1000, 33, 1'700'000'000, 123'456'789};
  plan.destination = "pkcs11:token=prod;object=web;type=private";
  plan.reference_uri = plan.destination + "?pin-source=file:/etc/pin";
  plan.pin_source = "file:/etc/pin";
  plan.label = "web";
  plan.object_id = {1, 2, 0xff};
  plan.public_key = {0x30, 0x00};
  plan.certificates = {{0x30, 0x01}, {}};
  plan.certificate_matches = true;
  plan.import_certificates = {"00ff"};
  return plan;
}

class JournalFile : public ::testing::Test {
 protected:
  std::string folder() const { return (workspace_ / "state/moves").string(); }
  std::string path() const { return folder() + "/0badcafe.jsonl"; }
  Result<Journal> create() { return Journal::create(folder(), some_plan(), noon); }
  Result<Journal> open() { return Journal::open(folder(), "0badcafe", noon); }
  void append(std::string_view text) const { std::ofstream(path(), std::ios::app) << text; }

 private:
  Workspace workspace_;
};

TEST_F(JournalFile, GivesThePlanBackUnchanged) {
  ASSERT_TRUE(create());
  const auto journal = open();
  ASSERT_TRUE(journal) << journal.error().message;
  const auto wanted = some_plan();
  const auto& plan = journal->plan();
  EXPECT_EQ(plan.id, wanted.id);
  EXPECT_EQ(plan.path, wanted.path);
  EXPECT_EQ(plan.original, wanted.original);
  EXPECT_EQ(plan.destination, wanted.destination);
  EXPECT_EQ(plan.reference_uri, wanted.reference_uri);
  EXPECT_EQ(plan.pin_source, wanted.pin_source);
  EXPECT_EQ(plan.label, wanted.label);
  EXPECT_EQ(plan.object_id, wanted.object_id);
  EXPECT_EQ(plan.public_key, wanted.public_key);
  EXPECT_EQ(plan.certificates, wanted.certificates);
  EXPECT_EQ(plan.certificate_matches, wanted.certificate_matches);
  EXPECT_EQ(plan.import_certificates, wanted.import_certificates);
}

TEST_F(JournalFile, IsReadableToItsOwnerAlone) {
  ASSERT_TRUE(create());
  struct stat status = {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(folder().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(JournalFile, RemembersStepsAcrossProcesses) {
  {
    auto journal = create();
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->begin(MoveStep::import_key));
    ASSERT_TRUE(journal->end(MoveStep::import_key));
    ASSERT_TRUE(journal->begin(MoveStep::prove_key));
  }
  const auto journal = open();
  ASSERT_TRUE(journal);
  EXPECT_TRUE(journal->ended(MoveStep::import_key));
  EXPECT_TRUE(journal->begun(MoveStep::prove_key));
  EXPECT_FALSE(journal->ended(MoveStep::prove_key));
  EXPECT_FALSE(journal->begun(MoveStep::replace));
  EXPECT_EQ(journal->record().state, MoveState::imported);
  EXPECT_FALSE(journal->record().finished);
}

TEST_F(JournalFile, ForgetsAWithdrawnStep) {
  {
    auto journal = create();
    ASSERT_TRUE(journal->begin(MoveStep::import_key));
    ASSERT_TRUE(journal->withdraw(MoveStep::import_key, {Errc::already_exists, "taken"}));
  }
  EXPECT_FALSE(open()->begun(MoveStep::import_key));
  EXPECT_THAT(read_text(path()), HasSubstr("already_exists"));
}

TEST_F(JournalFile, TakesALineThatWasCutOffAsNotWritten) {
  ASSERT_TRUE(create()->begin(MoveStep::import_key));
  const auto whole = read_text(path());
  append(R"({"step":"import-key","pha)");
  {
    auto journal = open();
    ASSERT_TRUE(journal) << journal.error().message;
    EXPECT_FALSE(journal->ended(MoveStep::import_key));
    EXPECT_EQ(read_text(path()), whole);
    ASSERT_TRUE(journal->end(MoveStep::import_key));
  }
  EXPECT_TRUE(open()->ended(MoveStep::import_key));
}

TEST_F(JournalFile, RefusesADamagedLine) {
  ASSERT_TRUE(create());
  append("garbage\n");
  const auto journal = open();
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, Errc::malformed);
}

TEST_F(JournalFile, RefusesADamagedPlan) {
  ASSERT_TRUE(create());
  for (const auto* text : {"", "{}\n", "[]\n",
                           R"({"format":"keystore-move/1","plan":{"id":7}})"
                           "\n",
                           R"({"format":"keystore-move/9","plan":{}})"
                           "\n"}) {
    keystore::testing::write_text(path(), text);
    const auto journal = open();
    ASSERT_FALSE(journal) << text;
    EXPECT_EQ(journal.error().code, Errc::malformed) << text;
  }
}

TEST_F(JournalFile, ServesOneProcessAtATime) {
  const auto first = create();
  ASSERT_TRUE(first);
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::unavailable);
}

TEST_F(JournalFile, NamesNoFileOutsideItsFolder) {
  ASSERT_TRUE(create());
  for (const auto* id : {"../moves/0badcafe", "", "0BADCAFE", "deadbeef", "0badcafe.jsonl"}) {
    const auto journal = Journal::open(folder(), id, noon);
    ASSERT_FALSE(journal) << id;
    EXPECT_EQ(journal.error().code, Errc::not_found) << id;
  }
}

TEST_F(JournalFile, TellsHowFarTheMoveIs) {
  auto journal = create();
  ASSERT_TRUE(journal);
  const std::vector<std::pair<MoveStep, MoveState>> way = {
      {MoveStep::import_key, MoveState::imported},
      {MoveStep::prove_key, MoveState::proven},
      {MoveStep::write_reference, MoveState::proven},
      {MoveStep::replace, MoveState::proven},
      {MoveStep::protect_backup, MoveState::replaced},
      {MoveStep::reload, MoveState::replaced},
      {MoveStep::restore_file, MoveState::proven},
      {MoveStep::remove_objects, MoveState::planned},
      {MoveStep::remove_files, MoveState::rolled_back},
  };
  EXPECT_EQ(journal->record().state, MoveState::planned);
  for (const auto& [step, state] : way) {
    ASSERT_TRUE(journal->end(step));
    EXPECT_EQ(journal->record().state, state) << to_string(step);
    const bool finished = step == MoveStep::reload || step == MoveStep::remove_files;
    EXPECT_EQ(journal->record().finished, finished) << to_string(step);
  }
  EXPECT_EQ(journal->record().backup, "");
  EXPECT_EQ(journal->record().reference, "");
}

TEST_F(JournalFile, ListsOldestFirstAndSkipsTheDamaged) {
  ASSERT_TRUE(Journal::create(folder(), some_plan("aa"), noon + std::chrono::hours(2)));
  ASSERT_TRUE(Journal::create(folder(), some_plan("bb"), noon));
  keystore::testing::write_text(folder() + "/cc.jsonl", "");
  const auto moves = Journal::list(folder());
  ASSERT_TRUE(moves);
  ASSERT_EQ(moves->items.size(), 2U);
  EXPECT_EQ(moves->items[0].id, "bb");
  EXPECT_EQ(moves->items[0].at, noon);
  EXPECT_EQ(moves->items[1].id, "aa");
  ASSERT_EQ(moves->skipped.size(), 1U);
  EXPECT_THAT(moves->skipped[0].message, HasSubstr("cc.jsonl"));
}

TEST_F(JournalFile, ListsNothingWithoutAFolder) {
  const auto moves = Journal::list(folder());
  ASSERT_TRUE(moves);
  EXPECT_TRUE(moves->items.empty());
}

TEST_F(JournalFile, LeavesNoHalfJournalBehindWhenItCannotBeWritten) {
  ASSERT_TRUE(create());
  const auto again = Journal::create("/dev/null/moves", some_plan(), noon);
  ASSERT_FALSE(again);
}

TEST(JournalFolder, FollowsTheStandard) {
  const EnvironmentGuard home("HOME", "/home/me");
  {
    const EnvironmentGuard state("XDG_STATE_HOME", "/state");
    EXPECT_EQ(default_journal_folder(), "/state/keystore/moves");
  }
  const EnvironmentGuard state("XDG_STATE_HOME", "relative");
  EXPECT_EQ(default_journal_folder(),
            ::geteuid() == 0 ? "/var/lib/keystore/moves" : "/home/me/.local/state/keystore/moves");
}

}  // namespace
}  // namespace keystore::lifecycle
