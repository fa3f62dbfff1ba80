#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/backends/pem/data.h"
#include "tests/support/process.h"

namespace keystore {
namespace {

using testing::code_of;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_text;
using testing::run;
using ::testing::SizeIs;
using testing::test_file;
using testing::why;
using testing::Workspace;

/// The trust that SSL_CERT_FILE and SSL_CERT_DIR name, in place of the machine's.
class SystemStoreTest : public ::testing::Test {
 protected:
  SystemStoreTest() { std::filesystem::create_directory(folder_); }

  static std::string web() { return read_text(test_file("web.pem")); }
  static std::string issuer() { return read_text(test_file("issuer.pem")); }
  /// As openssl-x509(1) writes it with these settings.
  std::string trusted(const std::string& name, std::vector<std::string> settings) const {
    const auto out = workspace_ / "trusted.pem";
    settings.insert(settings.begin(), {"openssl", "x509", "-in", test_file(name).string(),
                                       "-trustout", "-out", out.string()});
    const auto made = run(settings);
    EXPECT_TRUE(made.ok()) << made.text();
    return read_text(out);
  }
  void write_bundle(const std::string& content) const { workspace_.write("bundle.pem", content); }

  static Result<Listing<Entry>> entries(const std::string& uri = "system:") {
    const auto store = open(uri);
    if (!store) return Failure(store.error());
    return store->find_entries();
  }

  const Workspace workspace_;
  const std::filesystem::path folder_ = workspace_ / "certs";
  const testing::EnvironmentGuard file_{"SSL_CERT_FILE", (workspace_ / "bundle.pem").string()};
  const testing::EnvironmentGuard dir_{"SSL_CERT_DIR", folder_.string()};
};

TEST_F(SystemStoreTest, ListsTheCertificatesOfTheBundleAsAnchors) {
  write_bundle("Issuer of tests\n" + issuer() + web());
  const auto found = entries();
  ASSERT_TRUE(found) << why(found);
  ASSERT_THAT(found->items, SizeIs(2));
  EXPECT_THAT(found->skipped, IsEmpty());
  const auto& entry = found->items[1];
  EXPECT_EQ(entry.kind, EntryKind::trust_anchor);
  EXPECT_EQ(entry.custody, Custody::system);
  EXPECT_EQ(entry.label, "web.example");
  const auto again = entries(entry.uri.canonical());
  ASSERT_TRUE(again) << why(again);
  ASSERT_THAT(again->items, SizeIs(1));
  EXPECT_EQ(again->items[0].certificate, entry.certificate);
}

TEST_F(SystemStoreTest, TakesFilesWithHashedNamesFromTheFolder) {
  write_bundle(issuer());
  testing::write_text(folder_ / "1a2b3c4d.0", web());
  testing::write_text(folder_ / "1a2b3c4d.1", issuer());  // once more: one anchor
  testing::write_text(folder_ / "1a2b3c4d.r0", "a CRL");
  testing::write_text(folder_ / "web.pem", web());
  EXPECT_THAT(entries()->items, SizeIs(2));
  EXPECT_THAT(entries()->skipped, IsEmpty());
}

TEST_F(SystemStoreTest, KeepsPurposes) {
  write_bundle(trusted("issuer.pem", {"-addtrust", "serverAuth", "-addreject", "emailProtection",
                                      "-setalias", "Our root"}));
  const auto of = [](const std::string& purpose) {
    return entries("system:?purpose=" + purpose).value().items;
  };
  ASSERT_THAT(of("server"), SizeIs(1));
  EXPECT_EQ(of("server")[0].label, "Our root");
  EXPECT_EQ(of("server")[0].attributes.at("trusted-for"), "1.3.6.1.5.5.7.3.1");
  EXPECT_THAT(of("client"), IsEmpty());
  EXPECT_THAT(of("email"), IsEmpty());
  const auto store = open("system:?purpose=server").value();
  ASSERT_NE(store.trust(), nullptr);
  EXPECT_THAT(store.trust()->anchors()->items, SizeIs(1));
}

TEST_F(SystemStoreTest, DistrustFromAnySourceWins) {
  write_bundle(issuer() + web());
  testing::write_text(folder_ / "1a2b3c4d.0",
                      trusted("web.pem", {"-addreject", "anyExtendedKeyUsage"}));
  const auto store = open("system:").value();
  EXPECT_THAT(store.trust()->anchors()->items, SizeIs(1));
  const auto distrusted = store.trust()->distrusted();
  ASSERT_TRUE(distrusted) << why(distrusted);
  ASSERT_THAT(distrusted->items, SizeIs(1));
  EXPECT_EQ(distrusted->items[0].subject(), "CN=web.example");
  EXPECT_EQ(entries()->items[1].kind, EntryKind::certificate);
}

TEST_F(SystemStoreTest, OneBrokenBlockDoesNotHideTheOthers) {
  write_bundle(issuer() + "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" + web());
  const auto found = entries();
  ASSERT_TRUE(found) << why(found);
  EXPECT_THAT(found->items, SizeIs(2));
  ASSERT_THAT(found->skipped, SizeIs(1));
  EXPECT_THAT(found->skipped[0].message, HasSubstr("bundle.pem, block 2"));
}

TEST_F(SystemStoreTest, SaysWhenThereIsNothingToRead) {
  EXPECT_EQ(code_of(entries()), Errc::not_found);
  write_bundle("no certificate\n");
  EXPECT_EQ(code_of(entries()), Errc::malformed);
}

TEST_F(SystemStoreTest, RefusesWhatItIsNotNarrowedBy) {
  EXPECT_EQ(code_of(open("system:?purpose=surfing")), Errc::invalid_argument);
  EXPECT_EQ(code_of(open("system:?sha256=0A")), Errc::invalid_argument);
}

TEST(SystemStore, ReadsTheMachinesOwn) {
  const testing::EnvironmentGuard file("SSL_CERT_FILE", std::nullopt);
  const testing::EnvironmentGuard dir("SSL_CERT_DIR", std::nullopt);
  const std::filesystem::path bundle = "/etc/ssl/certs/ca-certificates.crt";
  if (!std::filesystem::exists(bundle)) GTEST_SKIP() << "ca-certificates is not installed";
  const auto text = read_text(bundle);
  std::size_t blocks = 0;
  for (auto at = text.find("-----BEGIN"); at != text.npos; at = text.find("-----BEGIN", at + 1)) {
    ++blocks;
  }
  const auto found = open("system:").value().trust()->anchors();
  ASSERT_TRUE(found) << why(found);
  EXPECT_GE(found->items.size(), blocks * 9 / 10);  // the bundle may hold some twice
  EXPECT_THAT(found->skipped, IsEmpty());
}

}  // namespace
}  // namespace keystore
