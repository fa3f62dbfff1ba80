// Certificates, requests and TLS with Botan, keys on a token; certificates are judged by plain
// OpenSSL.
#include <botan/auto_rng.h>
#include <botan/pkcs10.h>
#include <botan/x509_ca.h>
#include <botan/x509path.h>
#include <botan/x509self.h>
#include <gmock/gmock.h>

#include <map>

#include "bindings/botan/botan.h"
#include "tests/bindings/botan/some_keys.h"

namespace keystore {
namespace {

using ::testing::HasSubstr;
using testing::run;
using testing::SomeKeys;

Botan::X509_Cert_Options options_for(const std::string& name, const std::string& padding = "") {
  Botan::X509_Cert_Options options(name);
  options.dns = name;
  options.set_padding_scheme(padding);
  return options;
}

/// What `openssl` says; its failure is the test's.
std::string openssl(std::vector<std::string> command) {
  command.insert(command.begin(), "openssl");
  const auto done = run(command);
  EXPECT_TRUE(done.ok()) << done.text();
  return done.out + done.err;
}

class BotanCertificates : public SomeKeys {
 protected:
  struct Row {
    const char* type;
    const char* padding = "";  ///< Botan's own choice
    const char* algorithm;     ///< of the signature, as OpenSSL names it
  };
  static constexpr Row rows[] = {{"rsa:2048", "", "sha256WithRSAEncryption"},
                                 {"rsa:2048", "EMSA4", "rsassaPss"},
                                 {"ec:p256", "", "ecdsa-with-SHA256"},
                                 {"ec:p384", "", "ecdsa-with-SHA256"},
                                 {"ed25519", "", "ED25519"}};
  /// Botan names the digest for Ed25519 and does not use it.
  static constexpr const char* hash = "SHA-256";
  Botan::AutoSeeded_RNG rng_;

  Botan::X509_Certificate self_signed(const std::string& type, bool authority,
                                      const std::string& padding = "") {
    auto options = options_for("self.test", padding);
    if (authority) options.CA_key();
    return Botan::X509::create_self_signed_cert(options, *botan::private_key(make("token", type)),
                                                hash, rng_);
  }
};

TEST_F(BotanCertificates, RequestsAreAcceptedByOpenssl) {
  for (const auto& [type, padding, algorithm] : rows) {
    SCOPED_TRACE(algorithm);
    const auto key = botan::private_key(make("token", type));
    const auto request =
        Botan::X509::create_cert_req(options_for("web.test", padding), *key, hash, rng_);
    const auto file = folder().write("request.pem", request.PEM_encode());
    const auto said = openssl({"req", "-in", file, "-verify", "-noout", "-text"});
    EXPECT_THAT(said, HasSubstr("verify OK"));
    EXPECT_THAT(said, HasSubstr("DNS:web.test"));
    EXPECT_THAT(said, HasSubstr(algorithm));
  }
}

TEST_F(BotanCertificates, SelfSignedOnesAreAcceptedByOpenssl) {
  for (const auto& [type, padding, algorithm] : rows) {
    SCOPED_TRACE(algorithm);
    const auto file = folder().write("self.pem", self_signed(type, false, padding).PEM_encode());
    EXPECT_THAT(openssl({"verify", "-check_ss_sig", "-CAfile", file, file}), HasSubstr("OK"));
    EXPECT_THAT(openssl({"x509", "-in", file, "-noout", "-text"}), HasSubstr(algorithm));
  }
}

TEST_F(BotanCertificates, AuthoritiesOnATokenIssue) {
  for (const auto& [type, padding, algorithm] : rows) {
    SCOPED_TRACE(algorithm);
    const auto root = self_signed(type, true, padding);
    const auto authority_key = botan::private_key(make("token", type));
    std::map<std::string, std::string> chosen;
    if (*padding) chosen["padding"] = padding;
    const Botan::X509_CA authority(root, *authority_key, chosen, hash, rng_);
    const auto request = Botan::X509::create_cert_req(
        options_for("web.test"), *botan::private_key(make("file", "ec:p256")), hash, rng_);
    const auto now = std::chrono::system_clock::now();
    const auto leaf =
        authority.sign_request(request, rng_, Botan::X509_Time(now - std::chrono::hours(1)),
                               Botan::X509_Time(now + std::chrono::hours(1)));
    const auto root_file = folder().write("root.pem", root.PEM_encode()).string();
    const auto leaf_file = folder().write("leaf.pem", leaf.PEM_encode()).string();
    EXPECT_THAT(openssl({"verify", "-CAfile", root_file, leaf_file}), HasSubstr("OK"));
    EXPECT_THAT(openssl({"x509", "-in", leaf_file, "-noout", "-text"}), HasSubstr(algorithm));
  }
}

TEST_F(BotanCertificates, OfAStoreAreTrusted) {
  const auto root = self_signed("ec:p384", true);
  const auto file = folder().write("anchors.pem", root.PEM_encode());
  const auto store = keystore::open("file:" + file.string());
  ASSERT_TRUE(store);
  const auto trusted = botan::certificate_store(*store);
  EXPECT_TRUE(trusted->certificate_known(root));
  EXPECT_EQ(trusted->all_subjects(), std::vector{root.subject_dn()});
}

TEST_F(BotanCertificates, OfATokenAreListed) {
  auto store = open();
  ASSERT_TRUE(store);
  const auto made = self_signed("ec:p256", false);
  const auto certificate = Certificate::parse(made.BER_encode());
  ASSERT_TRUE(certificate);
  ASSERT_TRUE(store->importer()->import_certificate(*certificate, {.label = "listed"}));
  EXPECT_TRUE(botan::certificate_store(*store)->certificate_known(made));
  const auto key = make("token", "ec:p256");
  const auto identity = store->identity({.public_key = key.public_key()});
  ASSERT_TRUE(identity) << testing::why(identity);

  const auto credentials = botan::credentials({*identity});
  const auto chain = credentials->find_cert_chain({"ECDSA"}, {}, "tls-server", "self.test");
  ASSERT_EQ(chain.size(), 1U);
  EXPECT_EQ(chain.front(), made);
  EXPECT_NE(credentials->private_key_for(made, "tls-server", ""), nullptr);
  EXPECT_TRUE(credentials->find_cert_chain({"RSA"}, {}, "tls-server", "").empty());
  Botan::X509_DN another;
  another.add_attribute("X520.CommonName", "another");
  const std::vector<Botan::X509_DN> others = {another};
  EXPECT_TRUE(credentials->find_cert_chain({"ECDSA"}, others, "tls-client", "").empty());
  const std::vector<Botan::X509_DN> issuer = {made.issuer_dn()};
  EXPECT_EQ(credentials->find_cert_chain({"ECDSA"}, issuer, "tls-client", "").size(), 1U);
}

TEST_F(BotanCertificates, OfTheSystemAreItsAnchors) {
  const auto system = keystore::open("system:");
  ASSERT_TRUE(system) << testing::why(system);
  const auto anchors = system->trust()->anchors();
  ASSERT_TRUE(anchors) << testing::why(anchors);
  if (anchors->items.empty()) GTEST_SKIP() << "the system has no anchors";
  EXPECT_FALSE(botan::certificate_store(*system, Purpose::server)->all_subjects().empty());
}

}  // namespace
}  // namespace keystore
