#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/backends/pfx/made.h"
#include "tests/support/process.h"

namespace keystore {
namespace {

using testing::as_pfx;
using testing::code_of;
using ::testing::HasSubstr;
using testing::open_path;
using testing::run;
using testing::test_file;
using testing::why;
using testing::with_passphrase;
using testing::Workspace;

Secret pkcs8_of(std::string_view file) {
  return open_path(test_file(file)).key()->export_pkcs8(insecure_export_permit()).value();
}

Certificate certificate_of(std::string_view file) {
  return open_path(test_file(file)).find_certificates()->items.front();
}

class PfxChange : public ::testing::Test {
 protected:
  Store store() const {
    auto options = with_passphrase();
    options.create = true;
    return open("pfx:" + path_.string(), options).value();
  }
  /// A key with its certificate and the issuer of that.
  Result<std::vector<Entry>> put_web(NewObject object = {}) const {
    const std::vector<NewItem> items{{.pkcs8 = &key_, .label = "wéb"},
                                     {.certificate = certificate_of("web.pem")},
                                     {.certificate = certificate_of("issuer.pem")}};
    return store().bundle_importer()->import_bundle(items, object);
  }
  std::string openssl(std::vector<std::string> options) const {
    std::vector<std::string> command{"openssl", "pkcs12",
                                     "-in",     path_.string(),
                                     "-passin", "pass:" + std::string(testing::test_passphrase),
                                     "-nodes"};
    command.insert(command.end(), options.begin(), options.end());
    const auto done = run(command);
    EXPECT_TRUE(done.ok()) << done.text();
    return done.out + done.err;
  }

  Workspace workspace_;
  std::filesystem::path path_ = workspace_ / "web.p12";
  Secret key_ = pkcs8_of("ec-p-256.pem");
};

TEST_F(PfxChange, WritesWhatOpensslReads) {
  const auto made = put_web();
  ASSERT_TRUE(made) << why(made);
  ASSERT_EQ(made->size(), 3U);
  EXPECT_EQ((*made)[0].kind, EntryKind::private_key);
  EXPECT_EQ((*made)[1].id, (*made)[0].id);
  EXPECT_EQ((*made)[1].label, "wéb");
  struct stat status = {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const auto text = openssl({"-info"});
  EXPECT_THAT(text, HasSubstr("PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256"));
  EXPECT_THAT(text, HasSubstr("MAC: sha256, Iteration 100000"));
  EXPECT_THAT(text, HasSubstr("friendlyName: w"));
  EXPECT_THAT(text, HasSubstr("BEGIN PRIVATE KEY"));
  const auto identity = store().identity();
  ASSERT_TRUE(identity) << why(identity);
  EXPECT_EQ(identity->leaf(), certificate_of("web.pem"));
}

TEST_F(PfxChange, WritesForOldSystemsWhereAsked) {
  ASSERT_TRUE(put_web({.legacy = true}));
  const auto text = openssl({"-legacy", "-info"});
  EXPECT_THAT(text, HasSubstr("pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048"));
  EXPECT_THAT(text, HasSubstr("MAC: sha1, Iteration 2048"));
  EXPECT_TRUE(store().identity());
}

TEST_F(PfxChange, KeepsWhatIsThereUnlessAskedToChangeIt) {
  ASSERT_TRUE(put_web());
  const auto before = testing::read_text(path_);
  EXPECT_EQ(code_of(put_web()), Errc::already_exists);
  EXPECT_EQ(testing::read_text(path_), before);
  const auto rsa = pkcs8_of("rsa.pem");
  const auto added = store().importer()->import_key(rsa, {.label = "rsa", .replace = true});
  ASSERT_TRUE(added) << why(added);
  EXPECT_EQ(store().find_keys()->items.size(), 2U);
  EXPECT_EQ(store().find_certificates()->items.size(), 2U);
  EXPECT_EQ(testing::read_text(path_.string() + ".bak"), before);
  // The same key again takes the place of itself.
  ASSERT_TRUE(store().importer()->import_key(rsa, {.label = "other", .replace = true}));
  EXPECT_EQ(store().find_keys()->items.size(), 2U);
  EXPECT_EQ(store().key({.label = "other"})->type(), KeyType::rsa);
}

TEST_F(PfxChange, AWrongPassphraseChangesNothing) {
  ASSERT_TRUE(put_web());
  const auto before = testing::read_text(path_);
  const auto wrong = Secret::copy_of(std::string_view("wrong"));
  const auto rsa = pkcs8_of("rsa.pem");
  EXPECT_EQ(code_of(store().importer()->import_key(rsa, {.replace = true, .passphrase = &wrong})),
            Errc::pin_incorrect);
  EXPECT_EQ(testing::read_text(path_), before);
}

TEST_F(PfxChange, ACertificateFindsItsKey) {
  ASSERT_TRUE(store().importer()->import_key(key_, {.label = "web"}));
  const auto entry =
      store().importer()->import_certificate(certificate_of("web.pem"), {.replace = true});
  ASSERT_TRUE(entry) << why(entry);
  EXPECT_EQ(entry->label, "web");
  EXPECT_TRUE(store().identity());
}

TEST_F(PfxChange, RemovesOneObjectAndAtLastTheFile) {
  ASSERT_TRUE(put_web());
  for (std::size_t left = 3; left > 0; --left) {
    const auto now = store();
    const auto found = now.find_entries();
    ASSERT_TRUE(found) << why(found);
    ASSERT_EQ(found->items.size(), left);
    const auto removed = now.remover()->remove(found->items.back());
    ASSERT_TRUE(removed) << why(removed);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(path_.string() + ".bak"));
}

TEST_F(PfxChange, LosesNothingThatItDoesNotUnderstand) {
  Pkcs12BagStackPtr bags(sk_PKCS12_SAFEBAG_new_null());
  const unsigned char value[] = {1, 2, 3};
  sk_PKCS12_SAFEBAG_push(bags.get(), PKCS12_SAFEBAG_create_secret(
                                         NID_undef + 1, V_ASN1_OCTET_STRING, value, sizeof value));
  Pkcs7StackPtr parts(sk_PKCS7_new_null());
  sk_PKCS7_push(parts.get(), PKCS12_pack_p7data(bags.get()));
  const Pkcs12Ptr pfx(PKCS12_add_safes(parts.get(), 0));
  std::string der(static_cast<std::size_t>(i2d_PKCS12(pfx.get(), nullptr)), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_PKCS12(pfx.get(), &out);
  testing::write_text(path_, der);
  const auto found = store().find_entries();
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->items.front().kind, EntryKind::secret_key);
  EXPECT_EQ(code_of(put_web({.replace = true})), Errc::unsupported);
  EXPECT_EQ(testing::read_text(path_), der);
}

TEST_F(PfxChange, MakesKeys) {
  const auto key = store().generator()->generate_key(*KeySpec::parse("ed25519"), {.label = "new"});
  ASSERT_TRUE(key) << why(key);
  EXPECT_EQ(store().key()->public_key(), key->public_key());
}

}  // namespace
}  // namespace keystore
