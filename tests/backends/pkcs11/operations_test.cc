// Every operation of a key on a token, checked by software that knows the public half alone.
#include <gmock/gmock.h>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/public_key_parsed.h"
#include "tests/backends/pkcs11/token_keys.h"

namespace keystore {
namespace {

using testing::TokenTest;
using testing::why;

const Bytes message = {'a', ' ', 'm', 'e', 's', 's', 'a', 'g', 'e'};

class TokenKeyOperations : public TokenTest {
 protected:
  static std::string own_label() {
    return ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
};

/// RSA encryption by libcrypto.
Bytes encrypt(const PublicKey& key, int padding, const char* digest, const char* label,
              BytesView plain) {
  const EvpPkeyCtxPtr context(
      EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), pkey_of(key), nullptr));
  EXPECT_EQ(EVP_PKEY_encrypt_init(context.get()), 1);
  EVP_PKEY_CTX_set_rsa_padding(context.get(), padding);
  if (digest != nullptr) {
    EVP_PKEY_CTX_set_rsa_oaep_md_name(context.get(), digest, nullptr);
    EVP_PKEY_CTX_set_rsa_mgf1_md_name(context.get(), digest, nullptr);
  }
  if (label != nullptr) {
    EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), OPENSSL_strdup(label),
                                     static_cast<int>(strlen(label)));
  }
  std::size_t size = 0;
  EXPECT_EQ(EVP_PKEY_encrypt(context.get(), nullptr, &size, plain.data(), plain.size()), 1);
  Bytes out(size);
  EXPECT_EQ(EVP_PKEY_encrypt(context.get(), out.data(), &size, plain.data(), plain.size()), 1);
  return out;
}

void expect_all_schemes_verify(const Key& key) {
  ASSERT_TRUE(key.public_key());
  EXPECT_FALSE(key.schemes().empty());
  for (const auto scheme : key.schemes()) {
    const auto signature = key.sign(scheme, message);
    ASSERT_TRUE(signature) << to_string(scheme) << why(signature);
    const auto good = key.public_key()->verify(spec_of(scheme), message, *signature);
    ASSERT_TRUE(good) << to_string(scheme) << why(good);
    EXPECT_TRUE(*good) << to_string(scheme);
  }
}

TEST_F(TokenKeyOperations, EverySchemeOfEveryTypeVerifies) {
  for (const auto* type :
       {"rsa:2048", "rsa:3072", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448"}) {
    SCOPED_TRACE(type);
    auto store = open();
    ASSERT_TRUE(store) << why(store);
    auto key = store->generator()->generate_key(KeySpec::parse(type).value(),
                                                {.label = std::string("made-") + type});
    ASSERT_TRUE(key) << why(key);
    EXPECT_FALSE(key->entry().extractable);
    EXPECT_EQ(key->entry().custody, Custody::token);
    EXPECT_EQ(key->id(), key->public_key()->key_identifier());
    expect_all_schemes_verify(*key);
  }
}

TEST_F(TokenKeyOperations, ImportedKeysSignAsTheyDidInTheFile) {
  for (const auto* type : {"rsa:2048", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448"}) {
    SCOPED_TRACE(type);
    auto pkcs8 = generate_software_key(KeySpec::parse(type).value());
    ASSERT_TRUE(pkcs8) << why(pkcs8);
    const auto software = make_software_key(pkcs8->clone(), Entry{.uri = Uri::from_path("/x")});
    ASSERT_TRUE(software) << why(software);
    auto store = open();
    ASSERT_TRUE(store) << why(store);
    const auto entry = store->importer()->import_key(*pkcs8, {.label = type});
    ASSERT_TRUE(entry) << why(entry);
    EXPECT_EQ(entry->public_key, (*software)->entry().public_key);
    const auto key = store->key({.label = type});
    ASSERT_TRUE(key) << why(key);
    EXPECT_EQ(to_hex(key->public_key()->spki()), to_hex((*software)->entry().public_key->spki()));
    expect_all_schemes_verify(*key);
    EXPECT_EQ(key->export_pkcs8(insecure_export_permit()).error().code, Errc::access_denied);
  }
}

TEST_F(TokenKeyOperations, DigestsAndPaddingsOfHostsVerify) {
  const auto key = generate("rsa:2048", own_label());
  for (const auto digest : {Digest::sha1, Digest::sha256, Digest::sha512, Digest::sha3_256}) {
    for (const auto algorithm : {SignAlgorithm::rsa_pkcs1, SignAlgorithm::rsa_pss}) {
      const SignSpec spec{.algorithm = algorithm, .input = SignInput::digest, .digest = digest};
      const auto input = hash(digest, message);
      const auto signature = key.sign_digest(spec, input);
      ASSERT_TRUE(signature) << openssl_name(digest) << why(signature);
      EXPECT_TRUE(key.public_key()->verify(spec, input, *signature).value());
    }
  }
  SignSpec other_mgf{.algorithm = SignAlgorithm::rsa_pss,
                     .input = SignInput::digest,
                     .digest = Digest::sha256,
                     .mgf_digest = Digest::sha1,
                     .salt_length = 11};
  const auto input = hash(Digest::sha256, message);
  const auto signature = key.sign_digest(other_mgf, input);
  ASSERT_TRUE(signature) << why(signature);
  EXPECT_TRUE(key.public_key()->verify(other_mgf, input, *signature).value());
}

TEST_F(TokenKeyOperations, RsaDecrypts) {
  const auto key = generate("rsa:2048", own_label());
  const auto& half = *key.public_key();
  const auto pkcs1 = key.decrypt({.encryption = Encryption::rsa_pkcs1},
                                 encrypt(half, RSA_PKCS1_PADDING, nullptr, nullptr, message));
  ASSERT_TRUE(pkcs1) << why(pkcs1);
  EXPECT_TRUE(std::ranges::equal(pkcs1->view(), message));
  const auto sha1 = key.decrypt({.digest = Digest::sha1},
                                encrypt(half, RSA_PKCS1_OAEP_PADDING, "SHA1", nullptr, message));
  ASSERT_TRUE(sha1) << why(sha1);
  EXPECT_TRUE(std::ranges::equal(sha1->view(), message));
  const auto sha256 = key.decrypt({.digest = Digest::sha256, .label = {'x', 'y'}},
                                  encrypt(half, RSA_PKCS1_OAEP_PADDING, "SHA256", "xy", message));
  ASSERT_TRUE(sha256) << why(sha256);
  EXPECT_TRUE(std::ranges::equal(sha256->view(), message));
}

TEST_F(TokenKeyOperations, WrongCiphertextIsMalformedAndTheKeyGoesOn) {
  const auto key = generate("rsa:2048", own_label());
  const Bytes garbage(256, 7);
  for (const auto& spec :
       {DecryptSpec{.encryption = Encryption::rsa_pkcs1}, DecryptSpec{.digest = Digest::sha1},
        DecryptSpec{.digest = Digest::sha256}}) {
    EXPECT_EQ(key.decrypt(spec, garbage).error().code, Errc::malformed);
  }
  expect_all_schemes_verify(key);
}

TEST_F(TokenKeyOperations, BothSidesDeriveTheSameSecret) {
  for (const auto* type : {"ec:p256", "ec:p384", "ec:p521"}) {
    SCOPED_TRACE(type);
    const auto ours = generate(type, own_label() + type);
    auto pkcs8 = generate_software_key(KeySpec::parse(type).value());
    const Key theirs(
        make_software_key(std::move(*pkcs8), Entry{.uri = Uri::from_path("/x")}).value());
    const auto here = ours.derive(*theirs.public_key());
    const auto there = theirs.derive(*ours.public_key());
    ASSERT_TRUE(here) << why(here);
    ASSERT_TRUE(there) << why(there);
    EXPECT_TRUE(*here == *there);
  }
  const auto p256 = generate("ec:p256", own_label());
  auto pkcs8 = generate_software_key(KeySpec::parse("ec:p384").value());
  const Key p384(make_software_key(std::move(*pkcs8), Entry{.uri = Uri::from_path("/x")}).value());
  EXPECT_EQ(p256.derive(*p384.public_key()).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace keystore
