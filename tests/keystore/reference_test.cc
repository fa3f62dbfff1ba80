#include "keystore/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "keystore/internal/der.h"
#include "tests/keystore/software_keys.h"
#include "tests/support/child.h"

namespace keystore {
namespace {

using ::testing::HasSubstr;
using testing::new_key;
using ::testing::Not;

Uri uri(std::string_view text) { return Uri::parse(text).value(); }

Reference sample() {
  static const auto public_key = new_key("ec:p256").public_key().value();
  return {.uri = uri("pkcs11:token=prod;object=web?pin-source=file:/etc/pin"),
          .public_key = public_key,
          .schemes = {SignatureScheme::ecdsa_secp256r1_sha256},
          .hashing = {SignatureScheme::ecdsa_secp256r1_sha256}};
}

Bytes element(std::uint8_t tag, BytesView content) {
  Bytes der;
  append_der(der, tag, content);
  return der;
}

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

const Bytes ec_oid = testing::from_hex("06072a8648ce3d0201");

/// A reference put together from parts, to put in wrong ones.
struct Parts {
  Bytes version = element(der_tag::integer, Bytes{1});
  Bytes type = ec_oid;
  Bytes uri = element(der_tag::utf8_string, as_bytes("pkcs11:token=prod;object=web"));
  Bytes spki = sample().public_key->spki();
  Bytes tail = {};

  Result<Reference> parse() const {
    return Reference::parse(Reference::pem_label,
                            element(der_tag::sequence, join({version, type, uri, spki, tail})));
  }
};

void expect_refused(const Result<Reference>& read, Errc code) {
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, code) << read.error().message;
}

TEST(Reference, KeepsARelativePinSourceWhereItsFolderIsGone) {
  EXPECT_EQ(testing::status_of_child([] {
              auto name = std::filesystem::temp_directory_path().string() + "/gone-XXXXXX";
              ASSERT_NE(mkdtemp(name.data()), nullptr);
              std::filesystem::current_path(name);
              std::filesystem::remove(name);
              const auto asked = uri("pkcs11:token=prod?pin-source=file:pin");
              EXPECT_EQ(
                  reference_uri(uri("pkcs11:token=prod"), asked, {}).query_attribute("pin-source"),
                  "file:pin");
            }),
            0);
}

TEST(Reference, ReadsWhatItWrites) {
  const auto written = sample();
  const auto pem = written.to_pem();
  ASSERT_TRUE(pem) << pem.error().message;
  EXPECT_THAT(*pem, HasSubstr("-----BEGIN KEYSTORE KEY REFERENCE-----\n"));
  const auto read = Reference::parse_pem(*pem);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->uri, written.uri);
  EXPECT_EQ(read->public_key, written.public_key);
  EXPECT_EQ(read->schemes, written.schemes);
  EXPECT_EQ(read->hashing, written.hashing);
}

TEST(Reference, StandsAmongOtherBlocks) {
  const auto pem = "junk\n-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n" +
                   sample().to_pem().value() + "-----BEGIN X-----\n-----END X-----\n";
  EXPECT_TRUE(Reference::parse_pem(pem));
  expect_refused(Reference::parse_pem("nothing here"), Errc::not_found);
}

TEST(Reference, RefusesBrokenPem) {
  const auto pem = sample().to_pem().value();
  expect_refused(Reference::parse_pem(pem.substr(0, pem.size() - 30)), Errc::malformed);
  auto not_base64 = pem;
  not_base64[60] = '!';
  expect_refused(Reference::parse_pem(not_base64), Errc::malformed);
}

TEST(Reference, EveryTruncationIsMalformed) {
  const auto der = sample().to_der().value();
  for (std::size_t size = 0; size < der.size(); ++size) {
    expect_refused(Reference::parse(Reference::pem_label, BytesView(der).first(size)),
                   Errc::malformed);
  }
}

TEST(Reference, SurvivesEveryChangedOctet) {
  const auto der = sample().to_der().value();
  for (std::size_t at = 0; at < der.size(); ++at) {
    for (const std::uint8_t flipped :
         {std::uint8_t{0x01}, std::uint8_t{0x20}, std::uint8_t{0x80}}) {
      auto changed = der;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ flipped);
      const auto read = Reference::parse(Reference::pem_label, changed);
      EXPECT_TRUE(!read || !read->uri.query_attribute("pin-value"));
    }
  }
}

TEST(Reference, RefusesWhatFollows) {
  auto der = sample().to_der().value();
  der.push_back(0);
  expect_refused(Reference::parse(Reference::pem_label, der), Errc::malformed);
}

TEST(Reference, RefusesUnknownVersions) {
  for (const auto& version : {Bytes{0}, Bytes{2}, Bytes{0xFF}, Bytes{1, 0, 0, 0, 0, 0, 0}}) {
    expect_refused(Parts{.version = element(der_tag::integer, version)}.parse(), Errc::unsupported);
  }
  // A later version may look like anything behind its number.
  expect_refused(Reference::parse(Reference::pem_label,
                                  element(der_tag::sequence, element(der_tag::integer, Bytes{2}))),
                 Errc::unsupported);
}

TEST(Reference, IgnoresUnknownContextTags) {
  const auto tail = join({element(der_tag::context_0, element(der_tag::integer, Bytes{4, 3})),
                          element(0xA2, Bytes{1, 2, 3}), element(0x85, {})});
  const auto read = Parts{.tail = tail}.parse();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->schemes, std::vector{SignatureScheme::ecdsa_secp256r1_sha256});
  EXPECT_TRUE(Parts{.tail = element(0xA7, {})}.parse());
  expect_refused(Parts{.tail = element(der_tag::integer, Bytes{1})}.parse(), Errc::malformed);
  expect_refused(Parts{.tail = Bytes{0xA1, 0x05, 0x00}}.parse(), Errc::malformed);
}

TEST(Reference, LeavesOutSchemesItDoesNotKnow) {
  const auto numbers =
      join({element(der_tag::integer, Bytes{0x7F, 0x7F}), element(der_tag::integer, Bytes{4, 3})});
  const auto read = Parts{.tail = element(der_tag::context_0, numbers)}.parse();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->schemes, std::vector{SignatureScheme::ecdsa_secp256r1_sha256});
  for (const auto& number : {Bytes{0x80}, Bytes{0x01, 0x00, 0x00}, Bytes{0x00, 0x01}, Bytes{}}) {
    const auto tail = element(der_tag::context_0, element(der_tag::integer, number));
    expect_refused(Parts{.tail = tail}.parse(), Errc::malformed);
  }
}

TEST(Reference, TheTypeIsThatOfThePublicKey) {
  expect_refused(Parts{.type = testing::from_hex("06092a864886f70d010101")}.parse(),
                 Errc::malformed);
}

TEST(Reference, DataRunsNothing) {
  const auto with_uri = [](std::string_view text) {
    return Parts{.uri = element(der_tag::utf8_string, as_bytes(text))}.parse();
  };
  expect_refused(with_uri("pkcs11:token=t?pin-value=1234"), Errc::malformed);
  expect_refused(with_uri("pkcs11:token=t?pin-source=cmd:/bin/sh"), Errc::refused_by_policy);
  expect_refused(with_uri("pkcs11:token=t?pin-source=env:PIN"), Errc::refused_by_policy);
  expect_refused(with_uri("pkcs11:token=t?pin-source=fd:3"), Errc::refused_by_policy);
  expect_refused(with_uri("pkcs11:token=t?pin-source=pass:1234"), Errc::refused_by_policy);
  for (const auto* good : {"file:/etc/pin", "cred:pin", "prompt", "/etc/pin"}) {
    EXPECT_TRUE(with_uri("pkcs11:token=t?pin-source=" + std::string(good))) << good;
  }
  EXPECT_TRUE(with_uri("keystore:web"));
  expect_refused(with_uri("file:/etc/key.pem"), Errc::unsupported);
  expect_refused(with_uri("pkcs11:token=%zz"), Errc::malformed);
  expect_refused(with_uri(""), Errc::malformed);
}

TEST(Reference, TellsNoPin) {
  const auto uri_with_pin =
      element(der_tag::utf8_string, as_bytes("pkcs11:token=t?pin-value=4711"));
  EXPECT_THAT(Parts{.uri = uri_with_pin}.parse().error().message, Not(HasSubstr("4711")));
  const auto uri_with_pass =
      element(der_tag::utf8_string, as_bytes("pkcs11:token=t?pin-source=pass:4711"));
  EXPECT_THAT(Parts{.uri = uri_with_pass}.parse().error().message, Not(HasSubstr("4711")));
}

TEST(Reference, WritesNoPinAndNeedsThePublicKey) {
  auto with_pin = sample();
  with_pin.uri = uri("pkcs11:token=t?pin-value=1234");
  EXPECT_EQ(with_pin.to_der().error().code, Errc::invalid_argument);
  with_pin.uri = uri("pkcs11:token=t?pin-source=cmd:/bin/pin");
  EXPECT_EQ(with_pin.to_der().error().code, Errc::invalid_argument);
  auto without_key = sample();
  without_key.public_key.reset();
  EXPECT_EQ(without_key.to_pem().error().code, Errc::invalid_argument);
}

Bytes pkcs11_provider_body(std::string_view version, std::string_view text) {
  return element(der_tag::sequence, join({element(der_tag::visible_string, as_bytes(version)),
                                          element(der_tag::utf8_string, as_bytes(text))}));
}

TEST(Reference, ReadsThoseOfPkcs11Provider) {
  const auto read =
      Reference::parse(Reference::pkcs11_provider_pem_label,
                       pkcs11_provider_body("PKCS#11 Provider URI v1.0", "pkcs11:token=t;id=%01"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->uri, uri("pkcs11:token=t;id=%01"));
  EXPECT_FALSE(read->public_key);
}

TEST(Reference, RefusesOddOnesOfPkcs11Provider) {
  const auto parse = [](const Bytes& der) {
    return Reference::parse(Reference::pkcs11_provider_pem_label, der);
  };
  expect_refused(parse(pkcs11_provider_body("PKCS#11 Provider URI v2.0", "pkcs11:token=t")),
                 Errc::unsupported);
  expect_refused(
      parse(pkcs11_provider_body("PKCS#11 Provider URI v1.0", "pkcs11:token=t?pin-value=1")),
      Errc::malformed);
  auto longer = pkcs11_provider_body("PKCS#11 Provider URI v1.0", "pkcs11:token=t");
  longer.push_back(0);
  expect_refused(parse(longer), Errc::malformed);
  expect_refused(Reference::parse("PRIVATE KEY", longer), Errc::unsupported);
}

}  // namespace
}  // namespace keystore
