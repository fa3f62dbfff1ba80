#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/backends/pem/data.h"
#include "tests/support/process.h"

namespace keystore {
namespace {

using testing::code_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::open_path;
using testing::plain_options;
using testing::read_text;
using testing::run;
using testing::test_file;
using testing::why;
using testing::with_passphrase;
using testing::Workspace;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

Secret pkcs8_of(std::string_view name) {
  return open_path(test_file(name)).key()->export_pkcs8(insecure_export_permit()).value();
}

Certificate certificate_of(std::string_view name) {
  return open_path(test_file(name)).find_certificates()->items.front();
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(PemImport, MakesAPrivateFileThatOpensslReads) {
  const Workspace workspace;
  const auto path = workspace / "new.pem";
  auto store = open_path(path);
  const auto entry = store.importer()->import_key(pkcs8_of("ec-p-256.pem"), {});
  ASSERT_TRUE(entry) << why(entry);
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(entry->uri, Uri::from_path(path.string()));
  EXPECT_EQ(entry->label, "new");
  EXPECT_EQ(read_text(path), read_text(test_file("ec-p-256.pem")));
  EXPECT_TRUE(run({"openssl", "pkey", "-in", path.string(), "-noout", "-check"}).ok());
}

TEST(PemImport, EncryptsWithAStrongScheme) {
  const Workspace workspace;
  const auto path = workspace / "new.pem";
  const Secret passphrase = Secret::copy_of(testing::test_passphrase);
  auto store = open_path(path);
  const auto entry = store.importer()->import_key(pkcs8_of("rsa.pem"), {.passphrase = &passphrase});
  ASSERT_TRUE(entry) << why(entry);
  EXPECT_EQ(entry->shape->bits, 2048U);
  EXPECT_EQ(mode_of(path), 0600U);
  const auto parsed = run({"openssl", "asn1parse", "-in", path.string()});
  EXPECT_THAT(parsed.out, HasSubstr("PBKDF2"));
  EXPECT_THAT(parsed.out, HasSubstr("hmacWithSHA256"));
  EXPECT_THAT(parsed.out, HasSubstr("aes-256-cbc"));
  EXPECT_TRUE(
      run({"openssl", "pkey", "-in", path.string(), "-passin", "pass:open sesame", "-noout"}).ok());
  EXPECT_TRUE(open_path(path, with_passphrase()).key());
}

TEST(PemImport, CertificateFileMayBeReadByOthers) {
  const Workspace workspace;
  const auto path = workspace / "web.pem";
  auto store = open_path(path);
  const auto entry = store.importer()->import_certificate(certificate_of("web.pem"), {});
  ASSERT_TRUE(entry) << why(entry);
  EXPECT_EQ(mode_of(path), 0644U);
  EXPECT_EQ(entry->certificate->subject(), "CN=web.example");
}

TEST(PemImport, BuildsAFileThatItMadeItself) {
  const Workspace workspace;
  const auto path = workspace / "web.pem";
  auto store = open_path(path);
  ASSERT_TRUE(store.importer()->import_certificate(certificate_of("web.pem"), {}));
  ASSERT_TRUE(store.importer()->import_certificate(certificate_of("issuer.pem"), {}));
  const auto key = store.importer()->import_key(pkcs8_of("ec-p-256.pem"), {});
  ASSERT_TRUE(key) << why(key);
  EXPECT_EQ(key->uri.query_attribute("index"), "1");
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(store.identity()->chain().size(), 1U);
  EXPECT_EQ(files_in(workspace.path()), 1U) << "no backup of its own half-made file";
}

TEST(PemImport, LeavesAnotherFileAlone) {
  const Workspace workspace;
  const auto before = read_text(test_file("combined.pem"));
  const auto path = workspace.write("web.pem", before);
  auto store = open_path(path);
  EXPECT_EQ(code_of(store.importer()->import_key(pkcs8_of("ed25519.pem"), {})),
            Errc::already_exists);
  EXPECT_EQ(code_of(store.importer()->import_certificate(certificate_of("web.pem"), {})),
            Errc::already_exists);
  EXPECT_EQ(read_text(path), before);
  EXPECT_EQ(files_in(workspace.path()), 1U);
}

TEST(PemImport, ReplacesTheKeyOfACombinedFileAndKeepsTheRest) {
  const Workspace workspace;
  const std::string key = read_text(test_file("ec-p-256.pem"));
  const std::string before = "# mine\n" + read_text(test_file("combined.pem")) + "# end";
  const auto path = workspace.write("web.pem", before);
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  auto store = open_path(path);
  const auto entry = store.importer()->import_key(pkcs8_of("ed25519.pem"), {.replace = true});
  ASSERT_TRUE(entry) << why(entry);
  std::string expected = before;
  expected.replace(expected.find(key), key.size(), read_text(test_file("ed25519.pem")));
  EXPECT_EQ(read_text(path), expected);
  EXPECT_EQ(mode_of(path), 0640U);
  EXPECT_EQ(read_text(path.string() + ".bak"), before);
}

TEST(PemImport, KeepsTheOwnerOfAFileItChanges) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const Workspace workspace;
  const auto path = workspace.write("web.pem", read_text(test_file("combined.pem")));
  ASSERT_EQ(chown(path.c_str(), 1234, 4321), 0);
  auto store = open_path(path);
  ASSERT_TRUE(store.importer()->import_key(pkcs8_of("ed25519.pem"), {.replace = true}));
  struct stat status = {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 1234U);
  EXPECT_EQ(status.st_gid, 4321U);
}

TEST(PemImport, MakesAPublicFilePrivateWhenAKeyComesIn) {
  const Workspace workspace;
  const auto path = workspace.write("web.pem", read_text(test_file("web.pem")));
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  auto store = open_path(path);
  ASSERT_TRUE(store.importer()->import_key(pkcs8_of("ec-p-256.pem"), {.replace = true}));
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(read_text(path),
            read_text(test_file("ec-p-256.pem")) + read_text(test_file("web.pem")));
}

TEST(PemImport, RenewsACertificateInPlace) {
  const Workspace workspace;
  const auto path = workspace.write("web.pem", read_text(test_file("combined.pem")));
  auto store = open_path(path);
  ASSERT_TRUE(store.importer()->import_certificate(certificate_of("web.pem"), {.replace = true}));
  EXPECT_EQ(read_text(path), read_text(test_file("combined.pem")));
  ASSERT_TRUE(
      store.importer()->import_certificate(certificate_of("root-trusted.pem"), {.replace = true}));
  EXPECT_EQ(store.find_certificates()->items.size(), 3U);
}

TEST(PemImport, RefusesALinkAndAMissingFolder) {
  const Workspace workspace;
  const auto real = workspace.write("real.pem", "x");
  std::filesystem::create_symlink(real, workspace / "link.pem");
  auto link = open_path(workspace / "link.pem");
  EXPECT_FALSE(link.importer()->import_key(pkcs8_of("ed25519.pem"), {.replace = true}));
  EXPECT_EQ(read_text(real), "x");
  auto missing = open_path(workspace / "none" / "x.pem");
  EXPECT_EQ(code_of(missing.importer()->import_key(pkcs8_of("ed25519.pem"), {})), Errc::not_found);
}

TEST(PemImport, RefusesWhatIsNoKey) {
  const Workspace workspace;
  auto store = open_path(workspace / "x.pem");
  EXPECT_EQ(code_of(store.importer()->import_key(Secret::copy_of("junk"), {})), Errc::malformed);
  EXPECT_EQ(files_in(workspace.path()), 0U);
}

TEST(PemImport, NamesFilesOfAFolderByTheirLabel) {
  const Workspace workspace;
  auto store = open_path(workspace.path());
  const auto named = store.importer()->import_key(pkcs8_of("ed25519.pem"), {.label = "web"});
  ASSERT_TRUE(named) << why(named);
  EXPECT_EQ(named->uri, Uri::from_path((workspace / "web.pem").string()));
  EXPECT_EQ(named->label, "web");
  const auto unnamed = store.importer()->import_key(pkcs8_of("ec-p-256.pem"), {});
  ASSERT_TRUE(unnamed) << why(unnamed);
  EXPECT_EQ(unnamed->label, to_hex(unnamed->public_key->key_identifier()));
  auto again = open_path(workspace.path());
  EXPECT_EQ(code_of(again.importer()->import_key(pkcs8_of("rsa.pem"), {.label = "web"})),
            Errc::already_exists);
  for (const char* bad : {"../x", "a/b", ".", "..", ".x"}) {
    EXPECT_EQ(code_of(store.importer()->import_key(pkcs8_of("rsa.pem"), {.label = bad})),
              Errc::invalid_argument)
        << bad;
  }
}

TEST(PemGenerate, MakesAKeyThatOpensslAccepts) {
  for (const char* type : {"rsa:2048", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448"}) {
    const Workspace workspace;
    const auto path = workspace / "new.pem";
    auto store = open_path(path);
    const auto key = store.generator()->generate_key(*KeySpec::parse(type), {});
    ASSERT_TRUE(key) << type << why(key);
    EXPECT_EQ(key->uri(), Uri::from_path(path.string()));
    EXPECT_EQ(open_path(path).key()->public_key(), key->public_key());
    EXPECT_TRUE(run({"openssl", "pkey", "-in", path.string(), "-noout", "-check"}).ok()) << type;
    EXPECT_EQ(code_of(open_path(path).generator()->generate_key(*KeySpec::parse(type), {})),
              Errc::already_exists);
  }
}

TEST(PemRemove, TakesOneBlockOutAndKeepsAllOtherOctets) {
  const Workspace workspace;
  const std::string certificate = read_text(test_file("web.pem"));
  const std::string before = "# mine\r\n" + read_text(test_file("combined.pem")) + "\n# end";
  const auto path = workspace.write("web.pem", before);
  auto store = open_path(path);
  const auto found = store.find_entries({.kind = EntryKind::certificate});
  ASSERT_TRUE(store.remover()->remove(found->items.front()));
  std::string expected = before;
  expected.erase(expected.find(certificate), certificate.size());
  EXPECT_EQ(read_text(path), expected);
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".bak"));
  const auto again = store.remover()->remove(found->items.front());
  EXPECT_EQ(code_of(again), Errc::not_found) << "the next one took its place in the count";
}

TEST(PemRemove, TakesTheParametersOfAKeyAlong) {
  const Workspace workspace;
  const auto path = workspace.write(
      "web.pem", read_text(test_file("ec-with-parameters.pem")) + read_text(test_file("web.pem")));
  auto store = open_path(path);
  ASSERT_TRUE(store.remover()->remove(store.key()->entry()));
  EXPECT_EQ(read_text(path), read_text(test_file("web.pem")));
}

TEST(PemRemove, DeletesAFileOfNothingElseAndLeavesNoCopy) {
  for (const char* name : {"ec-p-256.pem", "ec.der"}) {
    const Workspace workspace;
    const auto path = workspace.write("web.key", read_text(test_file(name)));
    auto store = open_path(path);
    ASSERT_TRUE(store.remover()->remove(store.key()->entry()));
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_FALSE(std::filesystem::exists(path.string() + ".bak"));
  }
}

TEST(PemRemove, RefusesALinkThatWouldLeaveTheKeyBehind) {
  const Workspace workspace;
  const auto path = workspace.write("web.key", read_text(test_file("ec-p-256.pem")));
  const auto link = path.string() + ".link";
  std::filesystem::create_symlink(path, link);
  auto store = open_path(link);
  EXPECT_EQ(code_of(store.remover()->remove(store.key()->entry())), Errc::access_denied);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST(PemRemove, FindsAnEncryptedKeyWithoutItsPassphrase) {
  const Workspace workspace;
  const auto path = workspace.write("web.key", read_text(test_file("ec-pbes2.pem")));
  auto store = open_path(path);
  ASSERT_TRUE(store.remover()->remove(store.find_entries()->items.front()));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PemRemove, RefusesAnObjectOfAnotherStore) {
  const Workspace workspace;
  const auto path = workspace.write("a.pem", read_text(test_file("ed25519.pem")));
  auto store = open_path(path);
  const auto other = open_path(test_file("ed25519.pem")).find_entries()->items.front();
  EXPECT_EQ(code_of(store.remover()->remove(other)), Errc::invalid_argument);
  EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace keystore
