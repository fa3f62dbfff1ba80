// What a token store lists, makes, refuses to make twice, and removes.
#include <gmock/gmock.h>

#include "keystore/file.h"
#include "tests/backends/pkcs11/token_keys.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TokenTest;
using testing::why;
using testing::with_pin;

class TokenStores : public TokenTest {
 protected:
  static std::string label() {
    return ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  static Listing<Entry> entries(const Query& query) {
    auto found = open()->find_entries(query);
    EXPECT_TRUE(found) << why(found);
    return std::move(*found);
  }
};

TEST_F(TokenStores, DescribeEachObjectByAUriThatFindsIt) {
  generate("rsa:2048", label());
  const auto listing = entries({.label = label()});
  ASSERT_EQ(listing.items.size(), 2U);
  for (const auto& entry : listing.items) {
    auto store = keystore::open(entry.uri, with_pin(softhsm().pin()));
    ASSERT_TRUE(store) << why(store);
    const auto found = store->find_entries();
    ASSERT_TRUE(found) << why(found);
    ASSERT_EQ(found->items.size(), 1U);
    EXPECT_EQ(found->items.front().uri, entry.uri);
    EXPECT_EQ(found->items.front().kind, entry.kind);
    EXPECT_EQ(entry.shape->type, KeyType::rsa);
    EXPECT_EQ(entry.shape->bits, 2048U);
  }
  EXPECT_EQ(listing.items.front().kind, EntryKind::private_key);
  EXPECT_EQ(listing.items.front().attributes.at("sensitive"), "yes");
}

TEST_F(TokenStores, NameTheModulesThatDidNotLoadWhereATokenIsNotThere) {
  auto options = with_pin(softhsm().pin());
  const auto config = std::make_shared<Config>();
  config->modules = {{.name = "one", .path = SoftHsm::module_path()},
                     {.name = "two", .path = "/nowhere/two.so"}};
  options.config = config;
  const auto store = keystore::open("pkcs11:token=absent", options);
  ASSERT_TRUE(store) << why(store);
  const auto found = store->find_keys();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::not_found);
  EXPECT_THAT(found.error().message, HasSubstr("/nowhere/two.so"));
}

TEST_F(TokenStores, RefuseASecondObjectWithTheLabelOrTheId) {
  const auto key = generate("ec:p256", label());
  auto store = open();
  const auto spec = KeySpec::parse("ec:p256").value();
  EXPECT_EQ(store->generator()->generate_key(spec, {.label = label()}).error().code,
            Errc::already_exists);
  EXPECT_EQ(
      store->generator()->generate_key(spec, {.label = label() + "2", .id = key.id()}).error().code,
      Errc::already_exists);
  const auto pkcs8 = generate_software_key(spec);
  EXPECT_EQ(store->importer()->import_key(*pkcs8, {.label = label()}).error().code,
            Errc::already_exists);
  EXPECT_EQ(entries({.label = label()}).items.size(), 2U);
}

TEST_F(TokenStores, ListBothOfTwoObjectsWithOneLabelAndChooseNone) {
  // Another program makes the second one: ours would refuse.
  if (!testing::have_program("pkcs11-tool")) GTEST_SKIP() << "pkcs11-tool is not installed";
  generate("ec:p256", label());
  const auto made =
      testing::run({"pkcs11-tool", "--module", SoftHsm::module_path(), "--token-label",
                    softhsm().label(), "--login", "--pin", softhsm().pin(), "--keypairgen",
                    "--key-type", "EC:prime256v1", "--label", label(), "--id", "77"});
  ASSERT_TRUE(made.ok()) << made.text();
  const auto key = open()->key({.label = label()});
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::ambiguous);
  EXPECT_THAT(key.error().message, HasSubstr("id=%77"));
  EXPECT_TRUE(open()->key({.label = label(), .id = Bytes{0x77}}));
}

TEST_F(TokenStores, RemoveAKeyWithItsPublicHalfAndNothingElse) {
  const auto key = generate("ec:p256", label());
  generate("ec:p256", label() + "-other");
  auto store = open();
  ASSERT_TRUE(store->remover()->remove(key.entry()));
  EXPECT_TRUE(entries({.label = label()}).items.empty());
  EXPECT_EQ(entries({.label = label() + "-other"}).items.size(), 2U);
  EXPECT_EQ(store->remover()->remove(key.entry()).error().code, Errc::not_found);
}

TEST_F(TokenStores, RemoveNothingByAnEntryThatNamesNothing) {
  const auto key = generate("ec:p256", label());
  auto entry = key.entry();
  entry.label.clear();
  entry.id.clear();
  entry.public_key.reset();
  EXPECT_EQ(open()->remover()->remove(entry).error().code, Errc::not_found);
  EXPECT_EQ(entries({.label = label()}).items.size(), 2U);
}

TEST_F(TokenStores, KeysWithoutAPublicHalfStillSign) {
  const auto whole = generate("ec:p256", label());
  auto store = open();
  const auto half = store->find_entries({.kind = EntryKind::public_key, .label = label()});
  ASSERT_TRUE(half && half->items.size() == 1U);
  ASSERT_TRUE(store->remover()->remove(half->items.front()));
  const auto key = store->key({.label = label()});
  ASSERT_TRUE(key) << why(key);
  EXPECT_FALSE(key->public_key());
  EXPECT_EQ(key->entry().shape->curve, "P-256");
  ASSERT_FALSE(key->schemes().empty());
  const auto signature = key->sign(key->schemes().front(), as_bytes("m"));
  ASSERT_TRUE(signature) << why(signature);
  EXPECT_TRUE(whole.public_key()
                  ->verify(spec_of(key->schemes().front()), as_bytes("m"), *signature)
                  .value());
}

TEST_F(TokenStores, GiveOutExtractableKeysAsTheyWereMade) {
  for (const auto* type : {"rsa:2048", "ec:p256", "ec:p521", "ed25519"}) {
    SCOPED_TRACE(type);
    const auto made = open()->generator()->generate_key(
        KeySpec::parse(type).value(), {.label = label() + type, .extractable = true});
    ASSERT_TRUE(made) << why(made);
    auto pkcs8 = made->export_pkcs8(insecure_export_permit());
    ASSERT_TRUE(pkcs8) << why(pkcs8);
    const auto software = make_software_key(std::move(*pkcs8), Entry{.uri = Uri::from_path("/x")});
    ASSERT_TRUE(software) << why(software);
    EXPECT_EQ((*software)->entry().public_key, made->public_key());
  }
}

TEST_F(TokenStores, ExtractableOnlyWhenAsked) {
  const auto spec = KeySpec::parse("ec:p256").value();
  const auto key = open()->generator()->generate_key(spec, {.label = label(), .extractable = true});
  ASSERT_TRUE(key) << why(key);
  EXPECT_TRUE(key->entry().extractable);
  EXPECT_EQ(key->entry().attributes.at("sensitive"), "no");
}

TEST_F(TokenStores, NameAKeyAfterItselfWhenNobodyDoes) {
  const auto key = open()->generator()->generate_key(KeySpec::parse("ec:p384").value(), {});
  ASSERT_TRUE(key) << why(key);
  EXPECT_THAT(key->label(), ::testing::StartsWith("ec-"));
  EXPECT_EQ(key->id(), key->public_key()->key_identifier());
}

TEST_F(TokenStores, HoldCertificatesBesideTheirKeys) {
  const testing::Workspace folder;
  const auto pem = folder / "key.pem";
  ASSERT_TRUE(testing::run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-keyout", pem, "-out",
                            folder / "cert.pem", "-subj", "/CN=token test", "-days", "30"})
                  .ok());
  ASSERT_TRUE(testing::run({"openssl", "pkcs8", "-topk8", "-nocrypt", "-in", pem, "-outform", "DER",
                            "-out", folder / "key.der"})
                  .ok());
  auto store = open();
  const auto pkcs8 = read_file(folder / "key.der");
  ASSERT_TRUE(pkcs8) << why(pkcs8);
  const auto certificate = Certificate::parse_pem(testing::read_text(folder / "cert.pem"));
  ASSERT_TRUE(certificate) << why(certificate);
  const auto entry = store->importer()->import_key(*pkcs8, {.label = label()});
  ASSERT_TRUE(entry) << why(entry);
  const auto placed = store->importer()->import_certificate(*certificate, {.label = label()});
  ASSERT_TRUE(placed) << why(placed);
  EXPECT_EQ(placed->id, entry->id);
  EXPECT_EQ(placed->certificate, *certificate);
  const auto identity = store->identity({.label = label()});
  ASSERT_TRUE(identity) << why(identity);
  EXPECT_EQ(identity->leaf(), *certificate);
  EXPECT_EQ(store->importer()->import_certificate(*certificate, {.label = "again"}).error().code,
            Errc::already_exists);
  const auto by_key = store->find_entries({.public_key = entry->public_key});
  ASSERT_TRUE(by_key);
  EXPECT_EQ(by_key->items.size(), 3U);
}

TEST_F(TokenStores, FindNothingWhereUriAndQueryDisagree) {
  generate("ec:p256", label());
  const auto found = open(label())->find_entries({.label = "another"});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->items.empty());
}

TEST_F(TokenStores, KeysOutliveThem) {
  std::optional<Key> key;
  {
    auto store = open();
    const auto made =
        store->generator()->generate_key(KeySpec::parse("ec:p256").value(), {.label = label()});
    ASSERT_TRUE(made) << why(made);
    key = *made;
  }
  EXPECT_TRUE(key->sign(SignatureScheme::ecdsa_secp256r1_sha256, as_bytes("m")));
}

}  // namespace
}  // namespace keystore
