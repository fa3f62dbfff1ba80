// Keys of stores as Botan's: what they do is checked by plain OpenSSL, which knows the public half.
#include "bindings/botan/key.h"

#include <botan/auto_rng.h>
#include <botan/ecdh.h>
#include <botan/pubkey.h>
#include <botan/x509_key.h>
#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <tuple>

#include "bindings/botan/error.h"
#include "tests/bindings/botan/some_keys.h"
#include "tests/conformance/openssl_command.h"

namespace keystore {
namespace {

using ::testing::Combine;
using ::testing::HasSubstr;
using testing::SomeKeys;
using ::testing::Values;

constexpr std::string_view message = "a message of some length, to be signed";

Bytes sign(const Botan::Private_Key& key, const std::string& words) {
  Botan::AutoSeeded_RNG rng;
  const auto format = key.algo_name() == "ECDSA" ? Botan::DER_SEQUENCE : Botan::IEEE_1363;
  Botan::PK_Signer signer(key, rng, words, format);
  const auto half = message.size() / 2;
  signer.update(std::string(message.substr(0, half)));
  signer.update(std::string(message.substr(half)));
  const auto signature = signer.signature(rng);
  EXPECT_LE(signature.size(), signer.signature_length());
  return {signature.begin(), signature.end()};
}

/// The error that `act` throws.
template <class Act>
Error error_of(const Act& act) {
  try {
    act();
  } catch (const botan::Exception& thrown) {
    return thrown.error();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

struct SigningRow {
  std::string type, words;
  SignatureScheme scheme;
};

class BotanSignatures : public SomeKeys,
                        public ::testing::WithParamInterface<std::tuple<const char*, SigningRow>> {
};

INSTANTIATE_TEST_SUITE_P(
    Rows, BotanSignatures,
    Combine(Values("token", "file"),
            Values(SigningRow{"rsa:2048", "EMSA3(SHA-256)", SignatureScheme::rsa_pkcs1_sha256},
                   SigningRow{"rsa:2048", "PKCS1v15(SHA-512)", SignatureScheme::rsa_pkcs1_sha512},
                   SigningRow{"rsa:2048", "EMSA4(SHA-256,MGF1,32)",
                              SignatureScheme::rsa_pss_rsae_sha256},
                   SigningRow{"rsa:2048", "PSS(SHA-384)", SignatureScheme::rsa_pss_rsae_sha384},
                   SigningRow{"ec:p256", "EMSA1(SHA-256)", SignatureScheme::ecdsa_secp256r1_sha256},
                   SigningRow{"ec:p384", "SHA-384", SignatureScheme::ecdsa_secp384r1_sha384},
                   SigningRow{"ec:p521", "EMSA1(SHA-512)", SignatureScheme::ecdsa_secp521r1_sha512},
                   SigningRow{"ed25519", "Pure", SignatureScheme::ed25519})));

TEST_P(BotanSignatures, AreVerifiedByPlainOpenssl) {
  const auto& [place, row] = GetParam();
  const auto key = make(place, row.type);
  const auto signing = botan::private_key(key);
  const auto signature = sign(*signing, row.words);
  EXPECT_EQ(testing::openssl_verify(*key.public_key(), row.scheme, message, signature), "verified");
  EXPECT_NE(testing::openssl_verify(*key.public_key(), row.scheme, "another", signature),
            "verified");
}

TEST_P(BotanSignatures, ComeFromKeysThatShowTheirPublicHalfAlone) {
  const auto& [place, row] = GetParam();
  const auto key = make(place, row.type);
  const auto signing = botan::private_key(key);
  EXPECT_EQ(signing->subject_public_key(), key.public_key()->spki());
  EXPECT_EQ(error_of([&] { signing->private_key_info(); }).code, Errc::access_denied);
}

class BotanKey : public SomeKeys {};

TEST_F(BotanKey, SignsWhatIsHashedAlready) {
  Botan::AutoSeeded_RNG rng;
  for (const auto& [type, words] :
       {std::pair("rsa:2048", "EMSA3(Raw,SHA-256)"),
        std::pair("rsa:2048", "PSSR_Raw(SHA-256,MGF1,20)"), std::pair("ec:p256", "Raw")}) {
    SCOPED_TRACE(words);
    const auto key = botan::private_key(make("token", type));
    const Bytes digest(32, 0x5A);
    Botan::PK_Signer signer(*key, rng, words);
    const auto signature = signer.sign_message(digest, rng);
    Botan::PK_Verifier verifier(*key, words);
    EXPECT_TRUE(verifier.verify_message(digest, signature));
  }
}

TEST_F(BotanKey, SignsAgainWithTheSameSigner) {
  Botan::AutoSeeded_RNG rng;
  for (const auto& [type, words] :
       {std::pair("ec:p256", "EMSA1(SHA-256)"), std::pair("ed25519", "Pure")}) {
    const auto key = botan::private_key(make("token", type));
    Botan::PK_Signer signer(*key, rng, words);
    Botan::PK_Verifier verifier(*key, words);
    for (const std::string text : {"first", "second", ""}) {
      signer.update(text);
      EXPECT_TRUE(verifier.verify_message(Bytes(text.begin(), text.end()), signer.signature(rng)))
          << type << text;
    }
  }
}

TEST_F(BotanKey, DecryptsWhatOpensslEncrypted) {
  Botan::AutoSeeded_RNG rng;
  for (const std::string place : {"token", "file"}) {
    const auto key = make(place, "rsa:2048");
    const auto decrypting = botan::private_key(key);
    const auto decrypt = [&](const char* words, const std::vector<std::string>& options) {
      const auto ciphertext = testing::openssl_encrypt(*key.public_key(), message, options);
      const Botan::PK_Decryptor_EME decryptor(*decrypting, rng, words);
      const auto plain = decryptor.decrypt(reinterpret_cast<const std::uint8_t*>(ciphertext.data()),
                                           ciphertext.size());
      return std::string(plain.begin(), plain.end());
    };
    EXPECT_EQ(decrypt("PKCS1v15", {"rsa_padding_mode:pkcs1"}), message);
    EXPECT_EQ(decrypt("EME1(SHA-1)", {"rsa_padding_mode:oaep"}), message);
    EXPECT_EQ(decrypt("OAEP(SHA-256,MGF1(SHA-1))",
                      {"rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha1"}),
              message);
    EXPECT_EQ(decrypt("OAEP(SHA-256,MGF1,label)",
                      {"rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_oaep_label:6c6162656c"}),
              message);
  }
}

TEST_F(BotanKey, SaysWhatDoesNotDecryptAsBotanDoes) {
  Botan::AutoSeeded_RNG rng;
  const auto key = botan::private_key(make("token", "rsa:2048"));
  const Botan::PK_Decryptor_EME decryptor(*key, rng, "OAEP(SHA-1)");
  EXPECT_THROW(decryptor.decrypt(Bytes(256, 0x11)), Botan::Decoding_Error);
}

TEST_F(BotanKey, AgreesWithOpenssl) {
  Botan::AutoSeeded_RNG rng;
  int count = 0;
  for (const std::string place : {"token", "file"}) {
    for (const std::string type : {"ec:p256", "ec:p384", "ec:p521"}) {
      SCOPED_TRACE(place + " " + type);
      const auto key = make(place, type);
      const auto peer_name = "peer-" + std::to_string(++count);
      const auto peer = make_file(peer_name, type);
      const auto agreeing = botan::key_agreement_key(key);
      const auto peer_point = botan::key_agreement_key(peer)->public_value();
      const auto shared =
          testing::openssl_derive((folder() / (peer_name + ".pem")).string(), *key.public_key());

      Botan::PK_Key_Agreement raw(*agreeing, rng, "Raw");
      const auto bits = raw.derive_key(0, peer_point).bits_of();
      EXPECT_EQ(std::string(bits.begin(), bits.end()), shared);

      // The same with a KDF, against two keys of Botan's kind.
      Botan::PK_Key_Agreement ours(*agreeing, rng, "KDF2(SHA-256)");
      const auto theirs_key = botan::private_key(peer);  // an ECDSA key agrees as well
      Botan::PK_Key_Agreement theirs(*theirs_key, rng, "KDF2(SHA-256)");
      EXPECT_EQ(ours.derive_key(42, peer_point, "salt"),
                theirs.derive_key(42, agreeing->public_value(), "salt"));
    }
  }
}

TEST_F(BotanKey, RefusesAPointThatIsNotOnItsCurve) {
  Botan::AutoSeeded_RNG rng;
  const auto key = botan::key_agreement_key(make("token", "ec:p256"));
  Botan::PK_Key_Agreement agreement(*key, rng, "Raw");
  auto point = key->public_value();
  point.back() ^= 1;
  EXPECT_THROW(agreement.derive_key(0, point), Botan::Exception);
  EXPECT_THROW(agreement.derive_key(0, Bytes()), Botan::Exception);
}

TEST_F(BotanKey, SignsInManyThreads) {
  const auto key = make("token", "ec:p256");
  const std::shared_ptr signing = botan::private_key(key);
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const auto verified =
            key.public_key()->verify(spec_of(SignatureScheme::ecdsa_secp256r1_sha256),
                                     as_bytes(message), sign(*signing, "EMSA1(SHA-256)"));
        good += verified && *verified;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 160);
}

TEST_F(BotanKey, OutlivesWhatItCameFromAndItsOperationsOutliveIt) {
  Botan::AutoSeeded_RNG rng;
  auto key = botan::private_key(make("token", "ec:p256"));
  const auto half = key->subject_public_key();
  Botan::PK_Signer signer(*key, rng, "EMSA1(SHA-256)");
  key.reset();
  const auto signature = signer.sign_message(Bytes(3, 1), rng);
  const std::unique_ptr<Botan::Public_Key> checking(Botan::X509::load_key(half));
  Botan::PK_Verifier verifier(*checking, "EMSA1(SHA-256)");
  EXPECT_TRUE(verifier.verify_message(Bytes(3, 1), signature));
}

TEST_F(BotanKey, NamesWhatItCannotDo) {
  const auto rsa = botan::private_key(make("token", "rsa:2048"));
  const auto ec = botan::private_key(make("token", "ec:p256"));
  const auto ed25519 = botan::private_key(make("token", "ed25519"));
  for (const auto& [key, words] :
       {std::pair(&rsa, "EMSA2(SHA-256)"), std::pair(&rsa, "EMSA3(MD5)"), std::pair(&rsa, "PSS"),
        std::pair(&rsa, "PSS(SHA-256,MGF1,12x)"), std::pair(&rsa, "PSS(SHA-256,MGF2)"),
        std::pair(&ec, "EMSA1(Whirlpool)"), std::pair(&ec, ""), std::pair(&ed25519, "Ed25519ph")}) {
    const auto error = error_of([&] { sign(**key, words); });
    EXPECT_EQ(error.code, Errc::unsupported) << words;
    EXPECT_THAT(error.message, HasSubstr("cannot do")) << words;
  }
  Botan::AutoSeeded_RNG rng;
  EXPECT_THROW(Botan::PK_Signer(*rsa, rng, "EMSA3(SHA-256)", Botan::IEEE_1363, "openssl"),
               Botan::Provider_Not_Found);
  EXPECT_THROW(Botan::PK_Decryptor_EME(*ec, rng, "OAEP(SHA-1)"), Botan::Exception);
  EXPECT_EQ(error_of([&] { botan::key_agreement_key(make("token", "ed25519")); }).code,
            Errc::unsupported);
  EXPECT_THAT(error_of([&] { botan::private_key(make("file", "ed448")); }).message,
              HasSubstr("Botan cannot use key 'file:"));
}

TEST_F(BotanKey, IsOpenedByItsUri) {
  const auto key = generate("ec:p256", "opened");
  const auto uri = softhsm().uri("opened") + "?pin-source=" + softhsm().pin_source();
  const auto opened = botan::open_private_key(uri);
  EXPECT_EQ(testing::openssl_verify(*key.public_key(), SignatureScheme::ecdsa_secp256r1_sha256,
                                    message, sign(*opened, "EMSA1(SHA-256)")),
            "verified");
}

TEST_F(BotanKey, OfAStoreAreListed) {
  const auto made = generate("ec:p384", "listed");
  const auto store = botan::value_of(open());
  const auto entries =
      botan::value_of(store.find_entries({.kind = EntryKind::private_key, .label = "listed"}));
  ASSERT_EQ(entries.items.size(), 1U);
  EXPECT_EQ(entries.items.front().uri, made.uri());
  std::vector<std::string> kinds;
  for (const auto& key : botan::value_of(store.find_keys({.label = "listed"})).items) {
    kinds.push_back(botan::private_key(key)->algo_name());
  }
  EXPECT_EQ(kinds, std::vector<std::string>{"ECDSA"});
}

TEST_F(BotanKey, FailsToOpenWithCodeMessageAndHint) {
  const auto pin = "?pin-source=" + softhsm().pin_source();
  const auto error_at = [](const std::string& uri, const OpenOptions& options = {}) {
    return error_of([&] { botan::open_private_key(uri, options); });
  };
  const auto first = generate("ec:p256", "first");
  const auto second = generate("ec:p256", "second");
  const auto ambiguous = error_at(softhsm().uri() + ";type=private" + pin);
  EXPECT_EQ(ambiguous.code, Errc::ambiguous);
  EXPECT_THAT(ambiguous.message, HasSubstr(first.uri().canonical()));
  EXPECT_THAT(ambiguous.message, HasSubstr(second.uri().canonical()));

  const auto missing = error_at("pkcs11:token=nowhere;object=web" + pin);
  EXPECT_EQ(missing.code, Errc::not_found);
  EXPECT_THAT(missing.message, HasSubstr("nowhere"));
  EXPECT_EQ(error_at(softhsm().uri("nobody") + pin).code, Errc::not_found);

  const auto broken = folder().write(
      "broken.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  const auto malformed = error_at("file:" + broken.string());
  EXPECT_EQ(malformed.code, Errc::malformed);
  EXPECT_THAT(malformed.message, HasSubstr("broken.pem"));
  EXPECT_EQ(error_at("pkcs11:token=a;token=b").code, Errc::malformed);
}

TEST_F(BotanKey, FailsAsBotanDoes) {
  try {
    botan::open_private_key((folder() / "absent.pem").string());
    FAIL() << "nothing was thrown";
  } catch (const Botan::Exception& thrown) {
    EXPECT_EQ(thrown.error_type(), Botan::ErrorType::LookupError);
    EXPECT_EQ(thrown.error_code(), static_cast<int>(Errc::not_found));
    EXPECT_THAT(thrown.what(), HasSubstr("absent.pem"));
  }
}

TEST_F(BotanKey, ResultsThatHoldNothingThrowAsOthersDo) {
  EXPECT_NO_THROW(botan::value_of(Result<void>()));
  EXPECT_EQ(error_of([] { botan::value_of(Result<void>(fail(Errc::timed_out, "late"))); }).code,
            Errc::timed_out);
}

TEST_F(BotanKey, NamesTheTokenThatRefusedThePin) {
  const auto error = error_of(
      [&] { botan::open_private_key(other_token().uri("web"), testing::with_pin("no such pin")); });
  EXPECT_EQ(error.code, Errc::pin_incorrect) << error.message;
  EXPECT_THAT(error.message, HasSubstr("other"));
  EXPECT_THAT(error.message, ::testing::Not(HasSubstr("no such pin")));
}

}  // namespace
}  // namespace keystore
