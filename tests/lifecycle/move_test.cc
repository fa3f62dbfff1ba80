#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "keystore/reference.h"
#include "tests/lifecycle/move_fixture.h"

namespace {

bool links_are_refused = false;

}  // namespace

/// Stands in front of the C library's, for the library under test as well: a file system without
/// hard links.
extern "C" __attribute__((visibility("default"))) int link(const char* from,
                                                           const char* to) noexcept {
  if (!links_are_refused) return static_cast<int>(::syscall(SYS_link, from, to));
  errno = EPERM;
  return -1;
}

namespace keystore::testing {
namespace {

using lifecycle::MoveOptions;
using lifecycle::MovePhase;
using lifecycle::MoveState;
using lifecycle::MoveStep;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class MoveOfType : public MoveTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(MoveOfType, PutsAProvenReferenceInTheFilesPlaceAndBack) {
  const auto key = make_key("web.key", GetParam());
  const auto before = snapshot(key);
  const auto moved = move(key);
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(moved->state, MoveState::replaced);
  EXPECT_TRUE(moved->finished);
  EXPECT_EQ(moved->source, "file:" + key.string());
  EXPECT_EQ(moved->reference, key.string());
  EXPECT_EQ(moved->backup, key.string() + ".keystore-backup-" + moved->id);
  EXPECT_THAT(read_text(key), StartsWith("-----BEGIN KEYSTORE KEY REFERENCE-----"));
  EXPECT_THAT(read_text(key), Not(HasSubstr("PRIVATE KEY")));
  EXPECT_EQ(read_text(moved->backup), before.content);
  EXPECT_TRUE(signs(key));

  const auto on_token = entries({.kind = EntryKind::private_key, .label = "web"});
  ASSERT_EQ(on_token.size(), 1U);
  EXPECT_FALSE(on_token[0].extractable);

  const auto back = roll_back_move(moved->id, options());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->state, MoveState::rolled_back);
  EXPECT_EQ(back->backup, "");
  EXPECT_EQ(snapshot(key), before);
  EXPECT_THAT(entries({.label = "web"}), ::testing::IsEmpty());
  EXPECT_THAT(names(), ElementsAre("web.key"));
}

INSTANTIATE_TEST_SUITE_P(Types, MoveOfType,
                         ::testing::Values("ec:P-256", "ec:P-384", "ec:P-521", "rsa:2048",
                                           "ed25519"));

TEST_F(MoveTest, KeepsOwnerModeTimesAndAccessList) {
  const auto key = make_key("server.pem");
  std::filesystem::permissions(key, std::filesystem::perms{0640});
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(key.c_str(), 65534, 65534), 0);
  }
  // user::rw-, user:1:r--, group::r--, mask::r--, other::--- (linux/posix_acl_xattr.h)
  const unsigned char list[] = {2, 0, 0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
                                0, 1, 0,   0,   0,   4,   0,  4, 0,   255, 255, 255, 255, 16, 0,
                                4, 0, 255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};
  const bool has_lists =
      ::setxattr(key.c_str(), "system.posix_acl_access", list, sizeof list, 0) == 0;
  if (!has_lists) std::puts("NOTE: no access lists on this file system; their part is not tested");
  const auto before = snapshot(key);
  const auto moved = move(key, "kept");
  ASSERT_TRUE(moved) << moved.error().message;
  const auto after = snapshot(key);
  EXPECT_EQ(after.mode, before.mode);
  EXPECT_EQ(after.owner, before.owner);
  EXPECT_EQ(after.group, before.group);
  EXPECT_EQ(after.access_list, before.access_list);
  EXPECT_EQ(snapshot(moved->backup).mode & 07777U, 0600U);
  ASSERT_TRUE(roll_back_move(moved->id, options()));
  EXPECT_EQ(snapshot(key), before);
}

TEST_F(MoveTest, CopiesTheBackupWhereLinksCannotBeMade) {
  const auto key = make_key("copied-backup.key");
  std::filesystem::permissions(key, std::filesystem::perms{0640});
  const auto before = snapshot(key);
  links_are_refused = true;
  const auto moved = move(key);
  EXPECT_NE(::link(key.c_str(), file("refused").c_str()), 0);
  links_are_refused = false;
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(read_text(moved->backup), before.content);
  EXPECT_EQ(snapshot(moved->backup).mode & 07777U, 0600U);
  ASSERT_TRUE(roll_back_move(moved->id, options()));
  EXPECT_EQ(snapshot(key), before);
}

TEST_F(MoveTest, KeepsCertificatesBehindTheReference) {
  const auto key = make_key("alone.key");
  const auto certificate = read_text(make_certificate(key, "alone.crt"));
  const auto combined = file("combined.pem");
  write_text(combined, certificate + read_text(key));
  std::filesystem::remove(key);
  const auto before = snapshot(combined);
  const auto moved = move(combined, "combined");
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_THAT(read_text(combined), StartsWith("-----BEGIN KEYSTORE KEY REFERENCE-----"));
  EXPECT_THAT(read_text(combined), ::testing::EndsWith(certificate));
  EXPECT_TRUE(signs(combined));
  ASSERT_TRUE(roll_back_move(moved->id, options()));
  EXPECT_EQ(snapshot(combined), before);
}

// As editors of other systems write files: a byte order mark, lines that end with CR alone.
TEST_F(MoveTest, LeavesNoPrivateKeyInFilesOfOtherSystems) {
  const auto key = make_key("native.key");
  const auto text = read_text(key) + read_text(make_certificate(key, "native.crt"));
  auto carriage_returns = text;
  std::replace(carriage_returns.begin(), carriage_returns.end(), '\n', '\r');
  std::filesystem::remove(key);
  for (const auto& content : {"\xef\xbb\xbf" + text, carriage_returns}) {
    const auto foreign = file("foreign.pem");
    write_text(foreign, content);
    const auto moved = move(foreign, "foreign");
    ASSERT_TRUE(moved) << moved.error().message;
    EXPECT_THAT(read_text(foreign), ::testing::Not(::testing::HasSubstr("PRIVATE KEY-")));
    EXPECT_THAT(read_text(foreign), ::testing::HasSubstr("BEGIN CERTIFICATE-"));
    EXPECT_TRUE(signs(foreign));
    ASSERT_TRUE(roll_back_move(moved->id, options()));
    EXPECT_EQ(read_text(foreign), content);
  }
}

TEST_F(MoveTest, PutsCertificatesOntoTheTokenAndTakesOnlyThoseOffAgain) {
  const auto key = make_key("with-cert.key");
  const auto certificate = make_certificate(key, "with-cert.crt");
  auto asked = request(key, "with-cert");
  asked.certificate = certificate.string();
  asked.import_certificates = true;
  const auto before = entries().size();
  const auto plan = plan_move(asked, options());
  ASSERT_TRUE(plan) << plan.error().message;
  const auto moved = run_move(*plan, options());
  ASSERT_TRUE(moved) << moved.error().message;
  const auto on_token = entries({.kind = EntryKind::certificate, .label = "with-cert"});
  ASSERT_EQ(on_token.size(), 1U);
  EXPECT_EQ(on_token[0].id, entries({.kind = EntryKind::private_key, .label = "with-cert"})[0].id);
  ASSERT_TRUE(roll_back_move(moved->id, options()));
  EXPECT_EQ(entries().size(), before);
}

TEST_F(MoveTest, TakesAnEncryptedKeyWithItsPassphrase) {
  const auto plain = make_key("plain.key");
  const auto key = file("encrypted.key");
  ASSERT_TRUE(run({"openssl", "pkcs8", "-topk8", "-in", plain.string(), "-out", key.string(),
                   "-passout", "pass:sesame"})
                  .ok());
  std::filesystem::remove(plain);
  const auto before = snapshot(key);
  const auto without = move(key);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, Errc::pin_required);

  auto with = options();
  with.source.pin_source = SecretSource::parse("pass:sesame").value();
  const auto plan = plan_move(request(key), with);
  ASSERT_TRUE(plan) << plan.error().message;
  const auto moved = run_move(*plan, with);
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_TRUE(signs(key));
  ASSERT_TRUE(roll_back_move(moved->id, options()));
  EXPECT_EQ(snapshot(key), before);
}

TEST_F(MoveTest, TakesADerFile) {
  const auto pem = make_key("pem.key");
  const auto key = file("binary.key");
  ASSERT_TRUE(
      run({"openssl", "pkey", "-in", pem.string(), "-outform", "DER", "-out", key.string()}).ok());
  std::filesystem::remove(pem);
  const auto before = snapshot(key);
  const auto plan = plan_move(request(key), options());
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_THAT(plan->notes(), ElementsAre(HasSubstr("DER")));
  const auto moved = run_move(*plan, options());
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_TRUE(signs(key));
  ASSERT_TRUE(roll_back_move(moved->id, options()));
  EXPECT_EQ(snapshot(key), before);
}

TEST_F(MoveTest, WritesThePinSourceIntoTheReferenceOnlyWhereAskedAndRepeatable) {
  const auto key = make_key("sources.key");
  const auto uri_after = [&](const MoveOptions& how, bool keep) {
    auto asked = request(key);
    asked.keep_pin_source = keep;
    const auto plan = plan_move(asked, how).value();
    const auto moved = run_move(plan, how).value();
    const auto uri = Reference::parse_pem(read_text(key)).value().uri.canonical_with_pin_source();
    EXPECT_TRUE(roll_back_move(moved.id, how));
    return uri;
  };
  EXPECT_THAT(uri_after(options(), true),
              HasSubstr("pin-source=file:" + hsm().token().pin_file.string()));
  EXPECT_THAT(uri_after(options(), false), Not(HasSubstr("pin-source")));
  auto typed = options();
  typed.destination.pin_source = SecretSource::parse("pass:" + hsm().pin()).value();
  EXPECT_THAT(uri_after(typed, true), Not(HasSubstr("pin-source")));
}

TEST_F(MoveTest, KeepsNoPinInItsJournal) {
  const auto key = make_key("secret.key");
  auto typed = options();
  typed.destination.pin_source = SecretSource::parse("pass:" + hsm().pin()).value();
  const auto moved = run_move(plan_move(request(key), typed).value(), typed);
  ASSERT_TRUE(moved) << moved.error().message;
  const auto journal = file("moves") / (moved->id + ".jsonl");
  EXPECT_THAT(read_text(journal), Not(HasSubstr(hsm().pin())));
  ASSERT_TRUE(roll_back_move(moved->id, typed));
}

TEST_F(MoveTest, RollsBackWithThePinSourceOfItsJournal) {
  const auto key = make_key("later.key");
  const auto before = snapshot(key);
  const auto moved = move(key).value();
  auto later = options();
  later.destination.pin_source.reset();
  const auto back = roll_back_move(moved.id, later);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(snapshot(key), before);
}

TEST_F(MoveTest, RetiresAfterOneMoreProof) {
  const auto key = make_key("retired.key");
  const auto moved = move(key, "retired");
  ASSERT_TRUE(moved) << moved.error().message;
  const auto retired = retire_move(moved->id, options());
  ASSERT_TRUE(retired) << retired.error().message;
  EXPECT_EQ(retired->state, MoveState::retired);
  EXPECT_EQ(retired->backup, "");
  EXPECT_THAT(names(), ElementsAre("retired.key"));
  EXPECT_TRUE(signs(key));
  EXPECT_EQ(retire_move(moved->id, options()).value().state, MoveState::retired);
  EXPECT_EQ(resume_move(moved->id, options()).value().state, MoveState::retired);
  const auto back = roll_back_move(moved->id, options());
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, Errc::unsupported);
  EXPECT_TRUE(signs(key));
}

TEST_F(MoveTest, KeepsTheKeyWrappedBeforeItRetires) {
  const auto key = make_key("kept.key", "rsa:2048");
  const auto moved = move(key, "kept").value();
  auto store = open(hsm().uri(), options().destination).value();
  const auto by = store.wrapper()->generate_wrapping_key(256, {.label = "keeper"}).value();
  auto how = options();
  how.wrap_key = hsm().uri("nobody");
  how.wrapped_backup = file("kept.wrapped").string();
  EXPECT_EQ(retire_move(moved.id, how).error().code, Errc::not_found);
  EXPECT_TRUE(std::filesystem::exists(moved.backup)) << "nothing goes before it is kept";
  how.wrap_key = by.uri.canonical();
  const auto retired = retire_move(moved.id, how);
  ASSERT_TRUE(retired) << retired.error().message;
  EXPECT_FALSE(std::filesystem::exists(moved.backup));
  EXPECT_EQ(snapshot(how.wrapped_backup).mode & 07777U, 0600U);

  ASSERT_TRUE(store.remover()->remove(open(hsm().uri("kept"), how.destination)->key()->entry()));
  EXPECT_FALSE(signs(key));
  const auto wrapped = WrappedKey::parse_pem(read_text(how.wrapped_backup));
  ASSERT_TRUE(wrapped) << wrapped.error().message;
  const auto entry = store.wrapper()->unwrap(*wrapped, by.uri, {});
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_TRUE(signs(key));
}

TEST_F(MoveTest, SaysHowATokenThatTakesNoKeyInTheClearWillGetIt) {
  module().set_faults("no-create 0xD1");
  const auto key = make_key("wrapped.key");
  const auto plan = plan_move(request(key, "wrapped"), options());
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_THAT(plan->import_way(), ::testing::HasSubstr("CKM_AES_KEY_WRAP_PAD"));
  EXPECT_THAT(entries({.label = "wrapped"}), ::testing::IsEmpty());
  const auto moved = run_move(*plan, options());
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_TRUE(signs(key));
  ASSERT_TRUE(roll_back_move(moved->id, options()));
  EXPECT_THAT(entries({.label = "wrapped"}), ::testing::IsEmpty());
}

// A token that takes a kind of key in no way says so before anything is changed.
TEST_F(MoveTest, PlansNoMoveOntoATokenThatWouldNotTakeTheKey) {
  module().set_faults("no-create 0xD1");
  const auto key = make_key("refused.key", "ed25519");
  const auto plan = plan_move(request(key), options());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::unsupported);
  EXPECT_THAT(plan.error().message, ::testing::HasSubstr("C_CreateObject"));
}

TEST_F(MoveTest, DoesNotRetireWhatNoLongerSigns) {
  const auto key = make_key("gone.key");
  const auto moved = move(key, "gone").value();
  OpenOptions pin = options().destination;
  const auto store = open(hsm().uri("gone"), pin).value();
  ASSERT_TRUE(store.remover()->remove(store.key().value().entry()));
  const auto retired = retire_move(moved.id, options());
  ASSERT_FALSE(retired);
  EXPECT_EQ(retired.error().code, Errc::not_found);
  EXPECT_TRUE(std::filesystem::exists(moved.backup));
}

TEST_F(MoveTest, TellsItsStepsInOrder) {
  const auto key = make_key("steps.key");
  std::vector<std::string> ended;
  auto how = options();
  how.on_step = [&](MoveStep step, MovePhase phase) {
    if (phase == MovePhase::ended) ended.emplace_back(to_string(step));
  };
  const auto moved = run_move(plan_move(request(key), how).value(), how);
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_THAT(ended, ElementsAre("plan", "import-key", "prove-key", "import-certificates",
                                 "write-reference", "prove-reference", "back-up", "replace",
                                 "protect-backup", "reload"));
  ended.clear();
  ASSERT_TRUE(roll_back_move(moved->id, how));
  EXPECT_THAT(ended,
              ElementsAre("restore-file", "reload-restored", "remove-objects", "remove-files"));
}

TEST_F(MoveTest, PlansWithoutChangingAnything) {
  const auto key = make_key("planned.key");
  const auto before = snapshot(key);
  const auto objects = entries().size();
  const auto plan = plan_move(request(key), options());
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->record().state, MoveState::planned);
  EXPECT_THAT(plan->record().destination, HasSubstr("object=planned"));
  EXPECT_EQ(snapshot(key), before);
  EXPECT_EQ(entries().size(), objects);
  EXPECT_FALSE(std::filesystem::exists(file("moves")));
  EXPECT_THAT(names(), ElementsAre("planned.key"));
}

TEST_F(MoveTest, NamesOtherCopiesOfTheKey) {
  const auto key = make_key("copied.key");
  std::filesystem::copy_file(key, file("copied.key.old"));
  make_key("other.key");
  const auto plan = plan_move(request(key), options());
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_THAT(plan->notes(),
              ElementsAre("the same key is also in " + file("copied.key.old").string()));
}

TEST_F(MoveTest, ListsItsMoves) {
  const auto first = move(make_key("first.key"), "list-first");
  const auto second = move(make_key("second.key"), "list-second");
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(roll_back_move(second->id, options()));
  const auto moves = list_moves(options());
  ASSERT_TRUE(moves);
  ASSERT_EQ(moves->items.size(), 2U);
  for (const auto& move : moves->items) {
    EXPECT_EQ(move.state, move.id == first->id ? MoveState::replaced : MoveState::rolled_back);
  }
}

TEST_F(MoveTest, MovesTheSameFileAgainAfterARollback) {
  const auto key = make_key("again.key");
  const auto first = move(key, "again");
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(roll_back_move(first->id, options()));
  const auto second = move(key, "again");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(signs(key));
}

TEST_F(MoveTest, RunsTheReloadProgramWhenTheFileIsReplacedAndRestored) {
  const auto key = make_key("reload.key");
  const auto seen = file("seen");
  const auto script = file("reload.sh");
  write_text(script, "#!/bin/sh\nhead -n1 " + key.string() + " >> " + seen.string() + "\n");
  std::filesystem::permissions(script, std::filesystem::perms{0700});
  auto how = options();
  how.reload = {script.string()};
  const auto moved = run_move(plan_move(request(key), how).value(), how);
  ASSERT_TRUE(moved) << moved.error().message;
  ASSERT_TRUE(roll_back_move(moved->id, how));
  EXPECT_EQ(read_text(seen),
            "-----BEGIN KEYSTORE KEY REFERENCE-----\n-----BEGIN PRIVATE KEY-----\n");
}

TEST_F(MoveTest, ReportsAFailedReloadAndGoesOnWhenResumed) {
  const auto key = make_key("failed-reload.key");
  auto how = options();
  how.reload = {"/bin/false"};
  const auto moved = run_move(plan_move(request(key, "failed-reload"), how).value(), how);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, Errc::io);
  EXPECT_THAT(moved.error().hint, HasSubstr("--rollback"));
  EXPECT_TRUE(signs(key));
  const auto id = list_moves(options()).value().items.at(0).id;
  const auto resumed = resume_move(id, options());
  ASSERT_TRUE(resumed) << resumed.error().message;
  EXPECT_TRUE(resumed->finished);
}

}  // namespace
}  // namespace keystore::testing
