#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "tests/lifecycle/move_fixture.h"

namespace keystore::testing {
namespace {

using lifecycle::MoveOptions;
using lifecycle::MovePhase;
using lifecycle::MoveState;
using lifecycle::MoveStep;
using ::testing::HasSubstr;

/// Each refusal leaves file, folder and token as they were.
class MoveRefusal : public MoveTest {
 protected:
  void SetUp() override {
    MoveTest::SetUp();
    if (!IsSkipped()) objects_ = entries().size();
  }

  void expect_refused(const lifecycle::MoveRequest& request, Errc code, std::string_view words,
                      const MoveOptions* how = nullptr) {
    const auto before = names();
    const auto plan = plan_move(request, how != nullptr ? *how : options());
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, code) << plan.error().message;
    EXPECT_THAT(plan.error().message, HasSubstr(words)) << plan.error().hint;
    EXPECT_EQ(names(), before);
    EXPECT_FALSE(std::filesystem::exists(file("moves")));
    expect_token_untouched();
  }

  void expect_token_untouched() { EXPECT_EQ(entries().size(), objects_); }

 private:
  std::size_t objects_ = 0;
};

/// A file system of its own, too small for anything.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=128k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount(path_.c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const noexcept { return mounted_; }
  void fill() const { std::ofstream(path_ / "filler") << std::string(256 << 10, 'x'); }
  bool make_read_only() const {
    return ::mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

TEST_F(MoveRefusal, OfAMissingFile) {
  expect_refused(request(file("nowhere.key")), Errc::not_found, "nowhere.key");
}

TEST_F(MoveRefusal, OfAFolder) { expect_refused(request(folder()), Errc::unsupported, "folder"); }

TEST_F(MoveRefusal, OfASymbolicLinkNamingItsTarget) {
  const auto key = make_key("real.key");
  std::filesystem::create_symlink(key, file("link.key"));
  expect_refused(request(file("link.key")), Errc::unsupported, "symbolic link");
  EXPECT_THAT(plan_move(request(file("link.key")), options()).error().hint,
              HasSubstr(key.string()));
}

TEST_F(MoveRefusal, OfNamesThatTheJournalCannotKeep) {
  expect_refused(request(make_key("k\xff.key")), Errc::invalid_argument, "k%FF.key");
}

TEST_F(MoveRefusal, OfAFileWithAnotherName) {
  const auto key = make_key("one.key");
  std::filesystem::create_hard_link(key, file("two.key"));
  expect_refused(request(key), Errc::unsupported, "two.key");
}

TEST_F(MoveRefusal, OfSeveralKeysInOneFile) {
  const auto both = file("both.pem");
  write_text(both, read_text(make_key("a.key")) + read_text(make_key("b.key")));
  expect_refused(request(both), Errc::unsupported, "several private keys");
}

TEST_F(MoveRefusal, OfAFileWithoutAKey) {
  const auto certificate = make_certificate(make_key("c.key"), "c.crt");
  expect_refused(request(certificate), Errc::not_found, "c.crt");
}

TEST_F(MoveRefusal, OfGarbage) {
  const auto garbage = file("garbage.pem");
  write_text(garbage, "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n");
  expect_refused(request(garbage), Errc::malformed, "garbage.pem");
}

TEST_F(MoveRefusal, OfAKeyThatCannotSign) {
  expect_refused(request(make_key("x.key", "x25519")), Errc::unsupported, "x25519");
}

TEST_F(MoveRefusal, OfADestinationThatIsNoToken) {
  const auto key = make_key("d.key");
  expect_refused({.source = key.string(), .destination = file("e.key").string()}, Errc::unsupported,
                 "e.key");
  expect_refused({.source = key.string(), .destination = "pkcs11:token=move;type=cert"},
                 Errc::invalid_argument, "private key");
}

TEST_F(MoveRefusal, OfATokenThatIsNotThere) {
  const auto key = make_key("f.key");
  expect_refused({.source = key.string(), .destination = "pkcs11:token=nowhere"}, Errc::not_found,
                 "nowhere");
}

TEST_F(MoveRefusal, OfACertificateForAnotherKey) {
  auto asked = request(make_key("g.key"));
  asked.certificate = make_certificate(make_key("h.key"), "h.crt").string();
  expect_refused(asked, Errc::key_mismatch, "h.crt");
}

TEST_F(MoveRefusal, WithoutAnyPinAndOfAWrongOneAfterOneTry) {
  const auto key = make_key("pin.key");
  const auto before = names();
  auto how = options();
  how.destination.pin_source.reset();
  const auto without =
      plan_move({.source = key.string(), .destination = closed_token().uri()}, how);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, Errc::pin_required) << without.error().message;

  how.destination.pin_source = SecretSource::parse("pass:0000-not-it").value();
  const auto logins = module().counts().of("C_Login");
  const auto wrong = plan_move({.source = key.string(), .destination = closed_token().uri()}, how);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::pin_incorrect) << wrong.error().message;
  EXPECT_EQ(module().counts().of("C_Login"), logins + 1);
  EXPECT_EQ(names(), before);
  EXPECT_FALSE(std::filesystem::exists(file("moves")));
}

TEST_F(MoveTest, RefusesAReferenceAsMovedAlready) {
  const auto key = make_key("moved.key");
  ASSERT_TRUE(move(key, "moved-already"));
  const auto again = plan_move(request(key, "moved-again"), options());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::already_exists);
  EXPECT_THAT(again.error().message, HasSubstr("reference already"));
  EXPECT_THAT(again.error().hint, HasSubstr("object=moved-already"));
}

TEST_F(MoveTest, RefusesALabelOrIdThatIsTaken) {
  ASSERT_TRUE(move(make_key("taken.key"), "taken"));
  const auto label = plan_move(request(make_key("other.key"), "taken"), options());
  ASSERT_FALSE(label);
  EXPECT_EQ(label.error().code, Errc::already_exists);
  EXPECT_THAT(label.error().message, HasSubstr("object=taken"));
  const auto id = entries({.kind = EntryKind::private_key, .label = "taken"}).at(0).id;
  const auto uri =
      Uri::parse(hsm().uri("free-label")).value().with_path_attribute("id", as_text(id));
  const auto same_id =
      plan_move({.source = file("other.key").string(), .destination = uri.canonical()}, options());
  ASSERT_FALSE(same_id);
  EXPECT_EQ(same_id.error().code, Errc::already_exists);
}

TEST_F(MoveRefusal, OfAnUnwritableFolder) {
  const auto place = file("place");
  const SmallDisk disk(place);
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a file system here: not tested";
  std::filesystem::copy_file(make_key("ro.key"), place / "ro.key");
  const auto before = snapshot(place / "ro.key");
  ASSERT_TRUE(disk.make_read_only());
  const auto plan = plan_move(request(place / "ro.key"), options());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::io) << plan.error().message;
  EXPECT_THAT(plan.error().message, HasSubstr(place.string()));
  EXPECT_EQ(snapshot(place / "ro.key"), before);
  expect_token_untouched();
}

TEST_F(MoveRefusal, OfAFullDisk) {
  const auto place = file("place");
  const SmallDisk disk(place);
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a file system here: not tested";
  std::filesystem::copy_file(make_key("full.key"), place / "full.key");
  const auto before = snapshot(place / "full.key");
  const auto planned_in_time = plan_move(request(place / "full.key"), options());
  ASSERT_TRUE(planned_in_time) << planned_in_time.error().message;
  disk.fill();
  const auto plan = plan_move(request(place / "full.key"), options());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::io) << plan.error().message;

  const auto moved = run_move(*planned_in_time, options());
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, Errc::io) << moved.error().message;
  EXPECT_EQ(snapshot(place / "full.key"), before);
  EXPECT_FALSE(std::filesystem::exists(planned_in_time->record().backup));
  EXPECT_EQ(list_moves(options()).value().items.at(0).state, MoveState::rolled_back);
  expect_token_untouched();
}

TEST_F(MoveRefusal, WhenTheJournalCannotBeWritten) {
  const auto place = file("place");
  const SmallDisk disk(place);
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a file system here: not tested";
  const auto key = make_key("unrecorded.key");
  const auto before = snapshot(key);
  auto how = options();
  how.journal_folder = (place / "moves").string();
  const auto plan = plan_move(request(key), how);
  ASSERT_TRUE(plan) << plan.error().message;
  disk.fill();
  const auto moved = run_move(*plan, how);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, Errc::io) << moved.error().message;
  EXPECT_EQ(snapshot(key), before);
  EXPECT_THAT(names(), ::testing::ElementsAre("place", "unrecorded.key"));
  expect_token_untouched();
}

TEST_F(MoveRefusal, OfAFileThatChangesOnTheWay) {
  const auto key = make_key("changing.key");
  const auto plan = plan_move(request(key), options());
  ASSERT_TRUE(plan) << plan.error().message;
  make_key("changing.key");
  const auto renewed = snapshot(key);
  const auto moved = run_move(*plan, options());
  ASSERT_FALSE(moved);
  EXPECT_THAT(moved.error().message, HasSubstr("changed"));
  EXPECT_EQ(snapshot(key), renewed);
  EXPECT_TRUE(list_moves(options()).value().items.empty());
  expect_token_untouched();
}

TEST_F(MoveTest, UndoesItselfWhenTheProofFails) {
  const auto key = make_key("proof.key");
  const auto before = snapshot(key);
  const auto objects = entries().size();
  const auto plan = plan_move(request(key), options());
  ASSERT_TRUE(plan) << plan.error().message;
  module().set_faults("C_SignInit code=0x68");  // CKR_KEY_FUNCTION_NOT_PERMITTED
  const auto moved = run_move(*plan, options());
  ASSERT_FALSE(moved);
  module().set_faults("");
  EXPECT_EQ(snapshot(key), before);
  EXPECT_EQ(entries().size(), objects);
  EXPECT_EQ(list_moves(options()).value().items.at(0).state, MoveState::rolled_back);
}

TEST_F(MoveTest, WaitsForThePersonWhenTheTokenVanishes) {
  const auto key = make_key("vanish.key");
  const auto before = snapshot(key);
  auto how = options();
  how.on_step = [](MoveStep step, MovePhase phase) {
    if (step != MoveStep::prove_key || phase != MovePhase::begun) return;
    module().set_faults(
        "C_OpenSession code=0xE0\nC_SignInit code=0x32\nC_FindObjectsInit code=0x32\n"
        "C_Login code=0xE0\nC_GetTokenInfo code=0xE0\nC_GetSessionInfo code=0x32\n");
  };
  const auto plan = plan_move(request(key, "vanish"), how);
  ASSERT_TRUE(plan) << plan.error().message;
  const auto moved = run_move(*plan, how);
  ASSERT_FALSE(moved);
  const auto stopped = list_moves(options()).value().items.at(0);
  EXPECT_FALSE(stopped.finished);
  EXPECT_EQ(stopped.state, MoveState::imported);
  EXPECT_THAT(moved.error().hint, HasSubstr(stopped.id));
  EXPECT_EQ(snapshot(key), before);

  module().set_faults("");
  const auto other = plan_move(request(key, "vanish-other"), options());
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("not finished"));
  const auto resumed = resume_move(stopped.id, options());
  ASSERT_TRUE(resumed) << resumed.error().message;
  EXPECT_EQ(resumed->state, MoveState::replaced);
  EXPECT_TRUE(signs(key));
}

TEST_F(MoveTest, DoesNotRollBackOverAChangedFile) {
  const auto key = make_key("edited.key");
  const auto moved = move(key, "edited");
  ASSERT_TRUE(moved) << moved.error().message;
  write_text(key, "somebody else's");
  const auto back = roll_back_move(moved->id, options());
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, Errc::already_exists);
  EXPECT_THAT(back.error().hint, HasSubstr(moved->backup));
  EXPECT_EQ(read_text(key), "somebody else's");
  EXPECT_EQ(entries({.kind = EntryKind::private_key, .label = "edited"}).size(), 1U);
  std::filesystem::remove(key);
  EXPECT_TRUE(roll_back_move(moved->id, options()));
}

TEST_F(MoveTest, RemovesNoKeyThatIsNotItsOwn) {
  const auto key = make_key("mine.key");
  const auto bystander = move(make_key("bystander.key"), "bystander");
  const auto moved = move(key, "mine");
  ASSERT_TRUE(bystander && moved);
  ASSERT_TRUE(roll_back_move(moved->id, options()));
  EXPECT_TRUE(signs(file("bystander.key")));
}

TEST_F(MoveTest, KnowsNoMoveOfAnotherName) {
  for (const auto* id : {"deadbeef", "../x", ""}) {
    EXPECT_EQ(resume_move(id, options()).error().code, Errc::not_found);
    EXPECT_EQ(roll_back_move(id, options()).error().code, Errc::not_found);
    EXPECT_EQ(retire_move(id, options()).error().code, Errc::not_found);
  }
}

}  // namespace
}  // namespace keystore::testing
