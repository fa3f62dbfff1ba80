#include "keystore/sign_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace keystore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr SignatureScheme all[] = {
    SignatureScheme::rsa_pkcs1_sha1,
    SignatureScheme::ecdsa_sha1,
    SignatureScheme::rsa_pkcs1_sha256,
    SignatureScheme::ecdsa_secp256r1_sha256,
    SignatureScheme::rsa_pkcs1_sha384,
    SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::rsa_pkcs1_sha512,
    SignatureScheme::ecdsa_secp521r1_sha512,
    SignatureScheme::rsa_pss_rsae_sha256,
    SignatureScheme::rsa_pss_rsae_sha384,
    SignatureScheme::rsa_pss_rsae_sha512,
    SignatureScheme::ed25519,
    SignatureScheme::ed448,
    SignatureScheme::rsa_pss_pss_sha256,
    SignatureScheme::rsa_pss_pss_sha384,
    SignatureScheme::rsa_pss_pss_sha512,
};

TEST(SignatureScheme, NamesAreReadBack) {
  std::set<std::string_view> names;
  for (const auto scheme : all) {
    EXPECT_EQ(parse_signature_scheme(to_string(scheme)).value(), scheme);
    names.insert(to_string(scheme));
  }
  EXPECT_EQ(names.size(), std::size(all));
}

TEST(SignatureScheme, UnknownNamesAreRefusedWithTheKnownOnes) {
  const auto scheme = parse_signature_scheme("rsa_sha256");
  ASSERT_FALSE(scheme);
  EXPECT_EQ(scheme.error().code, Errc::invalid_argument);
  EXPECT_THAT(scheme.error().hint, HasSubstr("rsa_pss_rsae_sha256"));
  EXPECT_EQ(to_string(static_cast<SignatureScheme>(0x7F7F)), "unknown");
}

TEST(SignatureScheme, StandsForItsSpec) {
  EXPECT_EQ(spec_of(SignatureScheme::rsa_pss_rsae_sha384),
            (SignSpec{.algorithm = SignAlgorithm::rsa_pss, .digest = Digest::sha384}));
  EXPECT_EQ(spec_of(SignatureScheme::ed448), (SignSpec{.algorithm = SignAlgorithm::eddsa}));
}

TEST(SchemesOf, FollowsTheKey) {
  const auto schemes = [](const KeyShape& shape) {
    const auto span = schemes_of(shape);
    return std::vector(span.begin(), span.end());
  };
  EXPECT_EQ(schemes({.type = KeyType::rsa, .bits = 2048}).size(), 7U);
  EXPECT_EQ(schemes({.type = KeyType::rsa, .bits = 2048}).front(),
            SignatureScheme::rsa_pss_rsae_sha256);
  EXPECT_THAT(schemes({.type = KeyType::rsa, .bits = 3072, .rsa_pss_only = true}),
              ElementsAre(SignatureScheme::rsa_pss_pss_sha256, SignatureScheme::rsa_pss_pss_sha384,
                          SignatureScheme::rsa_pss_pss_sha512));
  EXPECT_THAT(schemes({.type = KeyType::ec, .bits = 384, .curve = "P-384"}),
              ElementsAre(SignatureScheme::ecdsa_secp384r1_sha384));
  EXPECT_THAT(schemes({.type = KeyType::ed25519}), ElementsAre(SignatureScheme::ed25519));
  EXPECT_TRUE(schemes({.type = KeyType::ec, .curve = "secp256k1"}).empty());
  EXPECT_TRUE(schemes({.type = KeyType::x25519}).empty());
  EXPECT_TRUE(schemes({.type = KeyType::dsa}).empty());
}

TEST(Digest, SizesAndNames) {
  EXPECT_EQ(digest_size(Digest::none), 0U);
  EXPECT_EQ(openssl_name(Digest::none), "");
  EXPECT_EQ(digest_size(Digest::sha3_384), 48U);
  EXPECT_EQ(openssl_name(Digest::sha256), "SHA2-256");
}

}  // namespace
}  // namespace keystore
