#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backends/pem/data.h"

namespace keystore {
namespace {

using ::testing::AllOf;
using testing::code_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_text;
using ::testing::SizeIs;
using testing::test_file;
using testing::why;
using testing::Workspace;

OpenOptions configured(IdentityConfig identity) {
  Config config;
  identity.name = "web";
  config.identities.push_back(std::move(identity));
  config.identities.push_back({.name = "mail", .keys = {"file:/mail.pem"}});
  return {.config = std::make_shared<Config>(std::move(config))};
}

std::string uri_of(std::string_view name) { return "file:" + test_file(name).string(); }

TEST(Identity, TakesKeyAndChainFromOneFile) {
  const auto store = open("keystore:web", configured({.keys = {uri_of("combined.pem")}}));
  ASSERT_TRUE(store) << why(store);
  const auto identity = store->identity();
  ASSERT_TRUE(identity) << why(identity);
  EXPECT_EQ(identity->leaf().subject(), "CN=web.example");
  EXPECT_THAT(identity->chain(), SizeIs(1));
}

TEST(Identity, TakesTheChainFromItsOwnUri) {
  const Workspace workspace;
  const auto chain = workspace.write(
      "chain.pem", read_text(test_file("web.pem")) + read_text(test_file("issuer.pem")));
  const auto store =
      open("keystore:web",
           configured({.keys = {uri_of("ec-p-256.pem")}, .chain = "file:" + chain.string()}));
  ASSERT_TRUE(store) << why(store);
  const auto identity = store->identity();
  ASSERT_TRUE(identity) << why(identity);
  EXPECT_THAT(identity->chain(), SizeIs(1));
  EXPECT_THAT(store->find_entries()->items, SizeIs(3));
  EXPECT_THAT(store->find_keys()->items, SizeIs(1));
  EXPECT_THAT(store->find_entries({.kind = EntryKind::private_key})->items, SizeIs(1));
  EXPECT_THAT(store->find_entries({.label = "chain"})->items, SizeIs(2));
  EXPECT_EQ(store->importer(), nullptr);
}

TEST(Identity, KeyByIndexStillSeesTheCertificatesOfItsFile) {
  const auto store =
      open("keystore:web", configured({.keys = {uri_of("combined.pem") + "?index=1"}}));
  ASSERT_TRUE(store) << why(store);
  EXPECT_TRUE(store->identity());
}

TEST(Identity, ChainOfAnotherKeyIsAMismatch) {
  const auto store = open(
      "keystore:web", configured({.keys = {uri_of("ed25519.pem")}, .chain = uri_of("web.pem")}));
  EXPECT_EQ(code_of(store->identity()), Errc::key_mismatch);
}

TEST(Identity, MissingChainDoesNotHideTheKey) {
  const auto store =
      open("keystore:web",
           configured({.keys = {uri_of("ed25519.pem")}, .chain = "file:/nonexistent/chain.pem"}));
  EXPECT_TRUE(store->key());
  const auto found = store->find_entries();
  EXPECT_THAT(found->items, SizeIs(1));
  EXPECT_THAT(found->skipped, SizeIs(1));
  EXPECT_EQ(code_of(store->identity()), Errc::not_found);
}

TEST(Identity, PinOfTheConfigurationOpensTheKey) {
  const Workspace workspace;
  const auto pin = workspace.write("pin", "open sesame\n");
  const auto source = SecretSource::parse("file:" + pin.string());
  const auto options = configured({.keys = {uri_of("ec-pbes2.pem")}, .pin = *source});
  EXPECT_TRUE(open("keystore:web", options)->key());
}

TEST(Identity, PinOfTheCallerComesBeforeTheConfiguration) {
  auto options =
      configured({.keys = {uri_of("ec-pbes2.pem")}, .pin = *SecretSource::parse("pass:wrong one")});
  EXPECT_EQ(code_of(open("keystore:web", options)->key()), Errc::pin_incorrect);
  options.pin_source = *SecretSource::parse("pass:open sesame");
  EXPECT_TRUE(open("keystore:web", options)->key());
}

TEST(Identity, UnknownNameListsTheKnownOnes) {
  const auto store = open("keystore:ftp", configured({.keys = {"file:/x.pem"}}));
  ASSERT_EQ(code_of(store), Errc::not_found);
  EXPECT_THAT(store.error().message, HasSubstr("ftp"));
  EXPECT_THAT(store.error().hint, AllOf(HasSubstr("web"), HasSubstr("mail")));
}

TEST(Identity, SeveralKeysAreNotOpenedYet) {
  const auto store = open("keystore:web", configured({.keys = {"file:/a.pem", "file:/b.pem"}}));
  ASSERT_EQ(code_of(store), Errc::unsupported);
  EXPECT_THAT(store.error().message, HasSubstr("2 keys"));
}

TEST(Identity, NamingAnIdentityAsKeyIsRefused) {
  EXPECT_EQ(code_of(open("keystore:web", configured({.keys = {"keystore:web"}}))),
            Errc::invalid_argument);
}

TEST(Identity, MissingKeyFileIsNamed) {
  const auto store = open("keystore:web", configured({.keys = {"file:/nonexistent/key.pem"}}));
  ASSERT_TRUE(store) << why(store);
  EXPECT_EQ(code_of(store->key()), Errc::not_found);
  EXPECT_THAT(why(store->key()), HasSubstr("/nonexistent/key.pem"));
}

}  // namespace
}  // namespace keystore
