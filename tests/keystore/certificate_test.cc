#include "keystore/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/keystore/certificates.h"

namespace keystore {
namespace {

using testing::Authority;
using ::testing::ElementsAre;

/// All that is made when it is asked for.
std::string everything_of(const Certificate& certificate) {
  const auto key = certificate.public_key();
  auto all = certificate.subject() + certificate.issuer() + certificate.serial() +
             to_hex(certificate.subject_der()) + to_hex(certificate.issuer_der()) +
             (certificate.is_ca() ? "CA" : "") + (key ? to_hex(key->spki()) : key.error().message);
  for (const auto& name : certificate.names()) all += name;
  return all;
}

class CertificateTest : public ::testing::Test {
 protected:
  Authority authority_;
};

TEST_F(CertificateTest, SaysWhatOpensslPutIn) {
  const auto made = authority_.make(
      "web", "", false,
      {"-set_serial", "0x00c0ffee", "-addext",
       "subjectAltName=DNS:example.org,IP:192.0.2.1,IP:2001:db8::1,email:a@example.org,"
       "URI:https://example.org/"});
  const auto& certificate = made.certificate;
  EXPECT_EQ(certificate.subject(), "CN=web,O=Example");
  EXPECT_EQ(certificate.issuer(), certificate.subject());
  EXPECT_EQ(certificate.serial(), "c0ffee");
  EXPECT_TRUE(certificate.self_issued());
  EXPECT_FALSE(certificate.is_ca());
  EXPECT_THAT(certificate.names(), ElementsAre("dns:example.org", "ip:192.0.2.1", "ip:2001:db8::1",
                                               "email:a@example.org", "uri:https://example.org/"));
  EXPECT_EQ(certificate.not_after() - certificate.not_before(), std::chrono::days(36500));
  EXPECT_EQ(certificate.public_key().value(), made.key.public_key());
  EXPECT_EQ(certificate.sha256().size(), 32U);
}

TEST_F(CertificateTest, TellsAnAuthority) {
  EXPECT_TRUE(authority_.make("root", "", true).certificate.is_ca());
}

TEST_F(CertificateTest, SubjectsAreUtf8) {
  const auto made = authority_.make("plain", "", false, {"-utf8", "-subj", "/CN=J\u00f6rg"});
  EXPECT_EQ(made.certificate.subject(), "CN=J\u00f6rg");
}

// A dNSName may hold any ASCII: what could pass for another name is escaped.
TEST_F(CertificateTest, OddOctetsInNamesAreEscaped) {
  const auto made = authority_.make("odd", "", false,
                                    {"-addext", "subjectAltName=DER:300c820a6100622e6f72670a5cff"});
  EXPECT_THAT(made.certificate.names(), ElementsAre("dns:a\\x00b.org\\x0a\\x5c\\xff"));
}

TEST_F(CertificateTest, PemAndDerAreTheSame) {
  const auto certificate = authority_.make("web", "", false).certificate;
  EXPECT_EQ(Certificate::parse(certificate.der()).value(), certificate);
  EXPECT_EQ(certificate.to_pem(), testing::read_text(authority_.folder() / "web.pem"));
  EXPECT_EQ(Certificate::parse_pem("x\n" + certificate.to_pem() + "y").value(), certificate);
  EXPECT_EQ(Certificate::parse_pem("none").error().code, Errc::not_found);
}

TEST_F(CertificateTest, EveryTruncationIsMalformed) {
  const auto der = authority_.make("web", "", false).certificate.der();
  for (std::size_t size = 0; size < der.size(); ++size) {
    const auto certificate = Certificate::parse(BytesView(der).first(size));
    ASSERT_FALSE(certificate) << size;
    EXPECT_EQ(certificate.error().code, Errc::malformed);
  }
  auto longer = der;
  longer.push_back(0);
  EXPECT_EQ(Certificate::parse(longer).error().code, Errc::malformed);
}

TEST_F(CertificateTest, SurvivesEveryChangedOctet) {
  const auto der = authority_.make("web", "", false).certificate.der();
  for (std::size_t at = 0; at < der.size(); ++at) {
    auto changed = der;
    changed[at] ^= 0x81U;
    const auto certificate = Certificate::parse(changed);
    EXPECT_TRUE(certificate || certificate.error().code == Errc::malformed);
    if (certificate) everything_of(*certificate);
  }
}

TEST_F(CertificateTest, SaysTheSameToManyThreads) {
  const auto made = authority_.make("web", "", false, {"-addext", "subjectAltName=DNS:web"});
  const auto expected = everything_of(made.certificate);
  for (int round = 0; round < 20; ++round) {
    const auto certificate = Certificate::parse(made.certificate.der()).value();
    std::vector<std::string> said(4);
    std::vector<std::jthread> threads;
    for (auto& each : said) {
      threads.emplace_back([&each, certificate] { each = everything_of(certificate); });
    }
    threads.clear();
    EXPECT_THAT(said, ::testing::Each(expected));
  }
}

}  // namespace
}  // namespace keystore
