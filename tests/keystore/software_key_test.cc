// Every kind of signature, decryption and derivation of keys in this process, held against the
// openssl command line.

#include "keystore/internal/software_key.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "keystore/internal/lib_ctx.h"
#include "tests/keystore/software_keys.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using testing::new_key;
using testing::run;
using testing::software_key;
using testing::Workspace;

constexpr std::string_view message = "a message of no importance";

struct Case {
  const char* key;
  SignSpec spec;
  std::vector<std::string> pkeyopts;  ///< for openssl pkeyutl, over the digest
};

SignSpec spec(SignAlgorithm algorithm, Digest digest) {
  return {.algorithm = algorithm, .digest = digest};
}

SignSpec pss(Digest digest, Digest mgf, unsigned salt) {
  return {.algorithm = SignAlgorithm::rsa_pss,
          .digest = digest,
          .mgf_digest = mgf,
          .salt_length = salt};
}

std::vector<Case> cases() {
  std::vector<Case> all;
  const std::pair<Digest, const char*> digests[] = {
      {Digest::sha1, "sha1"},         {Digest::sha224, "sha224"},
      {Digest::sha256, "sha256"},     {Digest::sha384, "sha384"},
      {Digest::sha512, "sha512"},     {Digest::sha3_224, "sha3-224"},
      {Digest::sha3_256, "sha3-256"}, {Digest::sha3_384, "sha3-384"},
      {Digest::sha3_512, "sha3-512"}, {Digest::sha512_224, "sha512-224"},
      {Digest::sha512_256, "sha512-256"}};
  for (const auto& [digest, name] : digests) {
    const auto named = std::string("digest:") + name;
    all.push_back({"rsa:2048", spec(SignAlgorithm::rsa_pkcs1, digest), {named}});
    all.push_back({"rsa:2048",
                   spec(SignAlgorithm::rsa_pss, digest),
                   {"rsa_padding_mode:pss", "rsa_pss_saltlen:digest", named}});
    for (const auto* curve : {"ec:p256", "ec:p384", "ec:p521"}) {
      all.push_back({curve, spec(SignAlgorithm::ecdsa, digest), {named}});
    }
  }
  all.push_back(
      {"rsa:2048",
       pss(Digest::sha256, Digest::sha1, 7),
       {"rsa_padding_mode:pss", "digest:sha256", "rsa_mgf1_md:sha1", "rsa_pss_saltlen:7"}});
  all.push_back({"rsa:2048",
                 pss(Digest::sha384, Digest::none, 0),
                 {"rsa_padding_mode:pss", "digest:sha384", "rsa_pss_saltlen:0"}});
  return all;
}

/// The files of one key for the command line.
struct Files {
  explicit Files(const Key& key) {
    folder.write("key.der", as_text(key.export_pkcs8(insecure_export_permit())->view()));
    folder.write("pub.der", as_text(key.public_key()->spki()));
  }
  Workspace folder;
};

std::vector<std::string> pkeyutl(std::vector<std::string> arguments,
                                 const std::vector<std::string>& pkeyopts) {
  std::vector<std::string> command = {"openssl", "pkeyutl"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  for (const auto& option : pkeyopts) command.insert(command.end(), {"-pkeyopt", option});
  return command;
}

const Key& shared_key(const std::string& type) {
  static std::map<std::string, Key> keys;
  auto found = keys.find(type);
  if (found == keys.end()) found = keys.emplace(type, new_key(type)).first;
  return found->second;
}

TEST(SoftwareKey, SignsWhatOpensslVerifies) {
  for (const auto& each : cases()) {
    const auto& key = shared_key(each.key);
    const Files files(key);
    const auto signature = key.sign_digest(each.spec, as_bytes(message));
    ASSERT_TRUE(signature) << signature.error().message;
    files.folder.write("digest", as_text(hash(each.spec.digest, as_bytes(message))));
    files.folder.write("signature", as_text(*signature));
    const auto outcome = run(pkeyutl({"-verify", "-pubin", "-keyform", "DER", "-inkey", "pub.der",
                                      "-in", "digest", "-sigfile", "signature"},
                                     each.pkeyopts),
                             {.folder = files.folder.path()});
    EXPECT_TRUE(outcome.ok()) << each.key << ' ' << openssl_name(each.spec.digest) << '\n'
                              << outcome.text();
  }
}

TEST(SoftwareKey, VerifiesWhatOpensslSigns) {
  for (const auto& each : cases()) {
    const auto& key = shared_key(each.key);
    const Files files(key);
    files.folder.write("digest", as_text(hash(each.spec.digest, as_bytes(message))));
    const auto outcome = run(pkeyutl({"-sign", "-keyform", "DER", "-inkey", "key.der", "-in",
                                      "digest", "-out", "signature"},
                                     each.pkeyopts),
                             {.folder = files.folder.path()});
    ASSERT_TRUE(outcome.ok()) << outcome.text();
    const auto signature = testing::read_text(files.folder / "signature");
    const auto good = key.public_key()->verify(each.spec, as_bytes(message), as_bytes(signature));
    ASSERT_TRUE(good) << good.error().message;
    EXPECT_TRUE(*good) << each.key << ' ' << openssl_name(each.spec.digest);
    const auto other = key.public_key()->verify(each.spec, as_bytes("x"), as_bytes(signature));
    EXPECT_FALSE(other.value());
  }
}

TEST(SoftwareKey, SignsEveryNamedScheme) {
  for (const auto* type : {"rsa:2048", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448"}) {
    const auto& key = shared_key(type);
    EXPECT_FALSE(key.schemes().empty());
    for (const auto scheme : key.schemes()) {
      const auto signature = key.sign(scheme, as_bytes(message));
      ASSERT_TRUE(signature) << to_string(scheme) << signature.error().message;
      const auto good = key.public_key()->verify(spec_of(scheme), as_bytes(message), *signature);
      EXPECT_TRUE(good.value()) << to_string(scheme);
      auto changed = *signature;
      changed.back() ^= 1U;
      EXPECT_FALSE(key.public_key()->verify(spec_of(scheme), as_bytes(message), changed).value());
    }
  }
}

TEST(SoftwareKey, EddsaAgreesWithOpenssl) {
  for (const auto* type : {"ed25519", "ed448"}) {
    const auto& key = shared_key(type);
    const Files files(key);
    files.folder.write("message", message);
    const auto signature = key.sign_digest({.algorithm = SignAlgorithm::eddsa}, as_bytes(message));
    ASSERT_TRUE(signature);
    const auto outcome = run(pkeyutl({"-sign", "-rawin", "-keyform", "DER", "-inkey", "key.der",
                                      "-in", "message", "-out", "signature"},
                                     {}),
                             {.folder = files.folder.path()});
    ASSERT_TRUE(outcome.ok()) << outcome.text();
    EXPECT_EQ(testing::read_text(files.folder / "signature"), as_text(*signature));
  }
}

TEST(SoftwareKey, DigestAndMessageMakeTheSamePkcs1Signature) {
  const auto& key = shared_key("rsa:2048");
  const SignSpec whole{.digest = Digest::sha256};
  const SignSpec hashed{.input = SignInput::digest, .digest = Digest::sha256};
  EXPECT_EQ(key.sign_digest(whole, as_bytes(message)).value(),
            key.sign_digest(hashed, hash(Digest::sha256, as_bytes(message))).value());
}

// The DigestInfo of SHA-256 (RFC 8017, 9.2, note 1), and 36 octets as TLS 1.1 signs them.
TEST(SoftwareKey, SignsDigestInfoAsItIs) {
  const auto& key = shared_key("rsa:2048");
  auto info = testing::from_hex("3031300d060960864801650304020105000420");
  const auto digest = hash(Digest::sha256, as_bytes(message));
  info.insert(info.end(), digest.begin(), digest.end());
  const SignSpec as_info{.input = SignInput::digest_info};
  const auto signature = key.sign_digest(as_info, info);
  ASSERT_TRUE(signature);
  EXPECT_EQ(*signature, key.sign_digest({.digest = Digest::sha256}, as_bytes(message)).value());
  EXPECT_TRUE(key.public_key()->verify(as_info, info, *signature).value());
  const Bytes md5_and_sha1(36, 0x5A);
  const auto old = key.sign_digest(as_info, md5_and_sha1);
  ASSERT_TRUE(old);
  EXPECT_TRUE(key.public_key()->verify(as_info, md5_and_sha1, *old).value());
}

TEST(SoftwareKey, RawRsaIsThePrivateOperation) {
  const auto& key = shared_key("rsa:2048");
  const SignSpec raw{.algorithm = SignAlgorithm::rsa_raw, .input = SignInput::raw};
  Bytes block(256, 0x11);
  block[0] = 0;
  const auto signature = key.sign_digest(raw, block);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(key.public_key()->verify(raw, block, *signature).value());
  const auto back = key.decrypt({.encryption = Encryption::rsa_raw}, block);
  ASSERT_TRUE(back);
  EXPECT_TRUE(std::ranges::equal(back->view(), *signature));
}

TEST(SoftwareKey, RefusesSpecsOfOtherKeys) {
  const auto expect_refused = [](const char* type, const SignSpec& asked, std::size_t size) {
    const auto answer = shared_key(type).sign_digest(asked, Bytes(size, 1));
    ASSERT_FALSE(answer) << type;
    EXPECT_EQ(answer.error().code, Errc::invalid_argument);
    const auto checked = shared_key(type).public_key()->verify(asked, Bytes(size, 1), Bytes(64, 1));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::invalid_argument);
  };
  expect_refused("rsa:2048", spec(SignAlgorithm::ecdsa, Digest::sha256), 1);
  expect_refused("rsa:2048", spec(SignAlgorithm::eddsa, Digest::none), 1);
  expect_refused("rsa:2048", spec(SignAlgorithm::rsa_pkcs1, Digest::none), 1);
  expect_refused("rsa:2048", spec(SignAlgorithm::rsa_pss, Digest::none), 1);
  // OpenSSL takes -1 for the length of the digest.
  expect_refused("rsa:2048", pss(Digest::sha256, Digest::none, 0xFFFFFFFFU), 1);
  expect_refused("rsa:2048", pss(Digest::sha256, Digest::none, 257), 1);
  expect_refused("ec:p256", spec(SignAlgorithm::rsa_pkcs1, Digest::sha256), 1);
  expect_refused("ec:p256", spec(SignAlgorithm::ecdsa, Digest::none), 1);
  expect_refused("ed25519", spec(SignAlgorithm::eddsa, Digest::sha512), 1);
  expect_refused("ed25519", spec(SignAlgorithm::rsa_pss, Digest::sha256), 1);
  auto hashed = spec(SignAlgorithm::rsa_pkcs1, Digest::sha256);
  hashed.input = SignInput::digest;
  expect_refused("rsa:2048", hashed, 31);
  expect_refused("rsa:2048", {.algorithm = SignAlgorithm::rsa_raw, .input = SignInput::raw}, 255);
  auto with_context = spec(SignAlgorithm::ecdsa, Digest::sha256);
  with_context.context = {1};
  expect_refused("ec:p256", with_context, 1);
}

TEST(SoftwareKey, SaysThatEddsaContextsAreNotSupported) {
  const auto answer = shared_key("ed448").sign_digest(
      {.algorithm = SignAlgorithm::eddsa, .context = {1}}, as_bytes(message));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unsupported);
}

TEST(SoftwareKey, RefusesSchemesItDoesNotHave) {
  const auto answer =
      shared_key("ec:p384").sign(SignatureScheme::ecdsa_secp256r1_sha256, as_bytes(message));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::invalid_argument);
  EXPECT_NE(answer.error().hint.find("ecdsa_secp384r1_sha384"), std::string::npos);
}

TEST(SoftwareKey, DecryptsWhatOpensslEncrypts) {
  const auto& key = shared_key("rsa:2048");
  const Files files(key);
  files.folder.write("plain", message);
  const std::vector<std::pair<DecryptSpec, std::vector<std::string>>> kinds = {
      {{.encryption = Encryption::rsa_pkcs1}, {"rsa_padding_mode:pkcs1"}},
      {{.digest = Digest::sha1}, {"rsa_padding_mode:oaep"}},
      {{}, {"rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"}},
      {{.digest = Digest::sha384, .mgf_digest = Digest::sha1},
       {"rsa_padding_mode:oaep", "rsa_oaep_md:sha384", "rsa_mgf1_md:sha1"}},
      {{.label = {0xAB, 0xCD}},
       {"rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256",
        "rsa_oaep_label:abcd"}}};
  for (const auto& [asked, pkeyopts] : kinds) {
    const auto outcome = run(pkeyutl({"-encrypt", "-pubin", "-keyform", "DER", "-inkey", "pub.der",
                                      "-in", "plain", "-out", "cipher"},
                                     pkeyopts),
                             {.folder = files.folder.path()});
    ASSERT_TRUE(outcome.ok()) << outcome.text();
    auto cipher = testing::read_text(files.folder / "cipher");
    const auto plain = key.decrypt(asked, as_bytes(cipher));
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_EQ(as_text(plain->view()), message);
    cipher.pop_back();
    EXPECT_EQ(key.decrypt(asked, as_bytes(cipher)).error().code, Errc::malformed);
  }
}

TEST(SoftwareKey, OnlyRsaDecrypts) {
  EXPECT_EQ(shared_key("ec:p256").decrypt({}, Bytes(64)).error().code, Errc::invalid_argument);
}

TEST(SoftwareKey, BothSidesDeriveTheSame) {
  for (const auto* type : {"ec:p256", "ec:p384", "ec:p521"}) {
    const auto a = new_key(type);
    const auto b = new_key(type);
    const auto from_a = a.derive(*b.public_key());
    ASSERT_TRUE(from_a) << from_a.error().message;
    EXPECT_EQ(from_a->size(), (a.public_key()->shape().bits + 7) / 8);
    EXPECT_TRUE(*from_a == b.derive(*a.public_key()).value());
  }
}

TEST(SoftwareKey, DerivesWhatOpensslDerives) {
  const auto& ours = shared_key("ec:p384");
  const auto theirs = new_key("ec:p384");
  const Files files(theirs);
  files.folder.write("peer.der", as_text(ours.public_key()->spki()));
  const auto outcome = run({"openssl", "pkeyutl", "-derive", "-keyform", "DER", "-inkey", "key.der",
                            "-peerform", "DER", "-peerkey", "peer.der", "-out", "shared"},
                           {.folder = files.folder.path()});
  ASSERT_TRUE(outcome.ok()) << outcome.text();
  const auto shared = ours.derive(*theirs.public_key());
  EXPECT_EQ(testing::read_text(files.folder / "shared"), as_text(shared->view()));
}

TEST(SoftwareKey, RefusesPeersOfAnotherKind) {
  const auto expect_refused = [](const char* own, const char* peer) {
    const auto shared = shared_key(own).derive(*shared_key(peer).public_key());
    ASSERT_FALSE(shared);
    EXPECT_EQ(shared.error().code, Errc::invalid_argument);
  };
  expect_refused("ec:p256", "ec:p384");
  expect_refused("ec:p256", "rsa:2048");
}

TEST(SoftwareKey, SignsFromManyThreads) {
  const auto& key = shared_key("ec:p256");
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto signed_with = SignatureScheme::ecdsa_secp256r1_sha256;
      for (int n = 0; n < 20; ++n) {
        const auto made = key.sign(signed_with, as_bytes(message));
        good += made && key.public_key()
                            ->verify(spec_of(signed_with), as_bytes(message), *made)
                            .value_or(false);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 160);
}

TEST(SoftwareKey, StopsBeforeItBegins) {
  std::stop_source stop;
  stop.request_stop();
  const auto answer = shared_key("ed25519").sign(SignatureScheme::ed25519, as_bytes(message),
                                                 {.stop = stop.get_token()});
  EXPECT_EQ(answer.error().code, Errc::cancelled);
}

TEST(SoftwareKey, SaysWhatItIs) {
  const auto& key = shared_key("ec:p521");
  EXPECT_EQ(key.type(), KeyType::ec);
  EXPECT_EQ(key.entry().shape->curve, "P-521");
  EXPECT_EQ(key.label(), "web");
  EXPECT_TRUE(key.entry().extractable);
  EXPECT_EQ(shared_key("rsa:2048").entry().shape->bits, 2048U);
}

TEST(GenerateSoftwareKey, RefusesWhatIsNoKey) {
  EXPECT_EQ(generate_software_key({.type = KeyType::ec, .curve = "P-1"}).error().code,
            Errc::invalid_argument);
  EXPECT_EQ(generate_software_key({.type = KeyType::dsa}).error().code, Errc::invalid_argument);
  EXPECT_EQ(KeySpec::parse("rsa:12").error().code, Errc::invalid_argument);
  EXPECT_EQ(KeySpec::parse("rsa:").error().code, Errc::invalid_argument);
  EXPECT_EQ(KeySpec::parse("rsa:2048x").error().code, Errc::invalid_argument);
  EXPECT_EQ(KeySpec::parse("ec:p224").error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace keystore
