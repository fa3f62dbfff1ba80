#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backends/pfx/made.h"

namespace keystore {
namespace {

using testing::as_pfx;
using testing::code_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::open_path;
using testing::test_file;
using testing::why;
using testing::with_passphrase;
using testing::Workspace;

std::string web_p12() { return testing::read_text(test_file("web.p12")); }

TEST(PfxOpen, ReadsKeyAndCertificateAsOneIdentity) {
  const auto uri = Uri::parse("pfx:" + test_file("web.p12").string()).value();
  const auto identity = open(uri, with_passphrase())->identity();
  ASSERT_TRUE(identity) << why(identity);
  EXPECT_EQ(identity->key().public_key(), open_path(test_file("ec-p-256.pem")).key()->public_key());
  EXPECT_EQ(identity->leaf(), open_path(test_file("web.pem")).find_certificates()->items.front());
  EXPECT_TRUE(identity->key().sign(SignatureScheme::ecdsa_secp256r1_sha256, as_bytes("message")));
}

TEST(PfxOpen, IsToldByItsContent) {
  const Workspace workspace;
  const auto path = workspace.write("key.pem", web_p12());
  const auto found = open_path(path, with_passphrase()).find_entries();
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->items.size(), 2U);
  for (const auto& entry : found->items) {
    EXPECT_EQ(entry.uri.scheme(), "pfx");
    // Its own URI names it again.
    const auto again = open(entry.uri, with_passphrase())->find_entries();
    ASSERT_TRUE(again) << why(again);
    EXPECT_EQ(again->items.size(), 1U);
    EXPECT_EQ(again->items.front().kind, entry.kind);
  }
}

TEST(PfxOpen, NamesComeFromTheBundleOrTheFile) {
  const Workspace workspace;
  const auto named = open_path(workspace.write("a.p12", as_pfx({})), with_passphrase("")).key();
  ASSERT_TRUE(named) << why(named);
  EXPECT_EQ(named->label(), "web");
  EXPECT_FALSE(named->id().empty());
  const auto unnamed = open_path(workspace.write("b.p12", web_p12()), with_passphrase()).key();
  ASSERT_TRUE(unnamed) << why(unnamed);
  EXPECT_EQ(unnamed->label(), "b");
}

TEST(PfxOpen, PassphraseComesFromTheUri) {
  const Workspace workspace;
  const auto path = workspace.write("web.p12", web_p12());
  const auto source = workspace.write("pass", testing::test_passphrase);
  const auto uri = "pfx:" + path.string() + "?pin-source=file:" + source.string();
  EXPECT_TRUE(open(uri, testing::plain_options())->key());
  EXPECT_TRUE(
      open("file:" + path.string() + "?pin-value=open%20sesame", testing::plain_options())->key());
}

TEST(PfxOpen, StandsInAFolderAmongOthers) {
  const Workspace workspace;
  workspace.write("a.pem", testing::read_text(test_file("rsa.pem")));
  workspace.write("b.p12", web_p12());
  const auto keys = open_path(workspace.path(), with_passphrase()).find_keys();
  ASSERT_TRUE(keys) << why(keys);
  EXPECT_EQ(keys->items.size(), 2U);
}

TEST(PfxOpen, AListingOfAFolderAsksNobody) {
  const Workspace workspace;
  workspace.write("a.pem", testing::read_text(test_file("rsa.pem")));
  workspace.write("b.p12", web_p12());
  auto options = testing::plain_options();
  options.pin = [](const PinRequest&) -> Result<Secret> {
    ADD_FAILURE() << "asked";
    return Secret();
  };
  const auto found = open_path(workspace.path(), options).find_entries();
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->items.size(), 1U);
  ASSERT_EQ(found->skipped.size(), 1U);
  EXPECT_EQ(found->skipped.front().code, Errc::pin_required);
}

TEST(PfxOpen, RefusesAFileThatIsCutOff) {
  const Workspace workspace;
  const auto whole = web_p12();
  for (std::size_t size = 0; size < whole.size(); size += 41) {
    const auto path = workspace.write("cut.p12", whole.substr(0, size));
    const auto found = open("pfx:" + path.string(), with_passphrase())->find_entries();
    EXPECT_EQ(code_of(found), Errc::malformed) << size << why(found);
  }
}

TEST(PfxOpen, ErrorsNameTheFile) {
  const auto missing = open("pfx:/no/such.p12", with_passphrase())->find_entries();
  EXPECT_EQ(code_of(missing), Errc::not_found);
  const auto uri = "pfx:" + test_file("web.p12").string();
  const auto wrong = open(uri, with_passphrase("wrong"))->find_keys();
  EXPECT_EQ(code_of(wrong), Errc::pin_incorrect);
  EXPECT_THAT(why(wrong), HasSubstr("web.p12"));
  EXPECT_EQ(code_of(open(uri + "?module-path=/x", with_passphrase())), Errc::malformed);
}

TEST(PfxOpen, QueriesNarrowIt) {
  const auto store = open_path(test_file("web.p12"), with_passphrase());
  const auto key = store.key();
  ASSERT_TRUE(key) << why(key);
  EXPECT_EQ(store.find_keys({.public_key = key->public_key()})->items.size(), 1U);
  EXPECT_THAT(store.find_keys({.label = "other"})->items, IsEmpty());
  EXPECT_EQ(store.find_certificates({.id = key->id()})->items.size(), 1U);
}

}  // namespace
}  // namespace keystore
