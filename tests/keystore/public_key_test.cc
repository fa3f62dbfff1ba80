#include "keystore/public_key.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "keystore/internal/public_key_parsed.h"
#include "keystore/internal/usual_spki.h"
#include "tests/keystore/software_keys.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using testing::from_hex;
using testing::new_key;
using testing::run;
using testing::Workspace;

constexpr const char* types[] = {"rsa:1024", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448"};

/// `key` written again by openssl with these options.
Bytes rewritten(const PublicKey& key, const std::vector<std::string>& options) {
  const Workspace folder;
  folder.write("in.der", as_text(key.spki()));
  std::vector<std::string> command = {"openssl",  "pkey", "-pubin", "-inform",
                                      "DER",      "-in",  "in.der", "-pubout",
                                      "-outform", "DER",  "-out",   "out.der"};
  command.insert(command.end(), options.begin(), options.end());
  const auto outcome = run(command, {.folder = folder.path()});
  EXPECT_TRUE(outcome.ok()) << outcome.text();
  const auto text = testing::read_text(folder / "out.der");
  return {text.begin(), text.end()};
}

TEST(PublicKey, ReadsEveryType) {
  for (const auto* type : types) {
    const auto key = new_key(type).public_key().value();
    const auto again = PublicKey::parse(key.spki());
    ASSERT_TRUE(again) << type << again.error().message;
    EXPECT_EQ(*again, key);
    EXPECT_EQ(again->shape(), key.shape());
    EXPECT_EQ(again->spki_sha256().size(), 32U);
    EXPECT_EQ(again->key_identifier().size(), 20U);
  }
}

// Keys of the usual kinds are read without OpenSSL's decoders: those must say the same about each,
// and about each with one octet changed.
TEST(PublicKey, JudgesUsualKeysAsOpensslDoes) {
  for (const auto* type : {"rsa:1024", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448"}) {
    SCOPED_TRACE(type);
    const auto key = new_key(type).public_key().value();
    ASSERT_TRUE(shape_of_usual(key.spki()));
    EXPECT_EQ(*shape_of_usual(key.spki()), shape_of(pkey_of(key)));
    for (std::size_t at = 0; at < key.spki().size(); ++at) {
      auto changed = key.spki();
      changed[at] ^= 1;
      if (const auto shape = shape_of_usual(changed)) {
        const auto* start = changed.data();
        const EvpPkeyPtr theirs(d2i_PUBKEY_ex(nullptr, &start, static_cast<long>(changed.size()),
                                              private_lib_ctx(), nullptr));
        ASSERT_TRUE(theirs) << "octet " << at;
        EXPECT_EQ(*shape, shape_of(theirs.get())) << "octet " << at;
      }
    }
  }
}

TEST(PublicKey, RefusesAPointThatIsNotOnItsCurve) {
  for (const auto* type : {"ec:p256", "ec:p384", "ec:p521"}) {
    auto spki = new_key(type).public_key()->spki();
    spki.back() ^= 1;
    EXPECT_FALSE(shape_of_usual(spki)) << type;
    EXPECT_EQ(PublicKey::parse(spki).error().code, Errc::malformed) << type;
  }
}

// RFC 8410, 10.1, the public key of the example; digests by sha256sum and sha1sum.
TEST(PublicKey, DigestsAreThoseOfTheStandards) {
  const auto spki = from_hex(
      "302a300506032b6570032100"
      "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
  const auto key = PublicKey::parse(spki).value();
  const Workspace folder;
  folder.write("bits", as_text(BytesView(spki).subspan(12)));
  folder.write("spki", as_text(spki));
  EXPECT_TRUE(run({"sha1sum", "bits"}, {.folder = folder.path()})
                  .out.starts_with(to_hex(key.key_identifier())));
  EXPECT_TRUE(run({"sha256sum", "spki"}, {.folder = folder.path()})
                  .out.starts_with(to_hex(key.spki_sha256())));
}

TEST(PublicKey, EveryTruncationIsMalformed) {
  for (const auto* type : types) {
    const auto spki = new_key(type).public_key()->spki();
    for (std::size_t size = 0; size < spki.size(); ++size) {
      const auto key = PublicKey::parse(BytesView(spki).first(size));
      ASSERT_FALSE(key) << type << ' ' << size;
      EXPECT_EQ(key.error().code, Errc::malformed) << type << ' ' << size;
    }
    auto longer = spki;
    longer.push_back(0);
    EXPECT_EQ(PublicKey::parse(longer).error().code, Errc::malformed);
  }
}

TEST(PublicKey, UnknownAlgorithmsAreUnsupported) {
  EXPECT_EQ(PublicKey::parse(from_hex("300b300506032a030403020000")).error().code,
            Errc::unsupported);
  EXPECT_EQ(PublicKey::parse(as_bytes("no key at all")).error().code, Errc::malformed);
}

TEST(PublicKey, PointsOffTheCurveAreMalformed) {
  auto spki = new_key("ec:p256").public_key()->spki();
  spki.back() ^= 1U;
  EXPECT_EQ(PublicKey::parse(spki).error().code, Errc::malformed);
}

TEST(PublicKey, CurvesSpelledOutGetTheirName) {
  const auto key = new_key("ec:p256").public_key().value();
  const auto spelled = rewritten(key, {"-ec_param_enc", "explicit"});
  EXPECT_GT(spelled.size(), key.spki().size());
  EXPECT_EQ(PublicKey::parse(spelled).value(), key);
}

TEST(PublicKey, CompressedPointsAreTheSameKey) {
  const auto key = new_key("ec:p384").public_key().value();
  const auto other = PublicKey::parse(rewritten(key, {"-ec_conv_form", "compressed"})).value();
  EXPECT_FALSE(key == other);
  EXPECT_TRUE(same_public_key(key, other));
  EXPECT_FALSE(same_public_key(new_key("ec:p384").public_key().value(), other));
}

TEST(PublicKey, AChangedSignatureIsNotGood) {
  const auto key = new_key("ec:p256");
  const auto spec = spec_of(SignatureScheme::ecdsa_secp256r1_sha256);
  const auto signature = key.sign_digest(spec, as_bytes("m")).value();
  for (std::size_t size = 0; size < signature.size(); ++size) {
    EXPECT_FALSE(
        key.public_key()->verify(spec, as_bytes("m"), BytesView(signature).first(size)).value());
  }
  auto longer = signature;
  longer.push_back(0);
  EXPECT_FALSE(key.public_key()->verify(spec, as_bytes("m"), longer).value());
}

TEST(PublicKey, LeavesTheErrorQueueAsItWas) {
  ERR_clear_error();
  EXPECT_FALSE(PublicKey::parse(as_bytes("x")));
  EXPECT_EQ(ERR_peek_error(), 0U);
  ERR_raise(ERR_LIB_USER, 7);
  EXPECT_FALSE(PublicKey::parse(as_bytes("x")));
  const auto key = new_key("ed25519");
  EXPECT_FALSE(key.public_key()->verify({.algorithm = SignAlgorithm::eddsa}, {}, {}).value());
  EXPECT_EQ(ERR_GET_REASON(ERR_get_error()), 7);
  EXPECT_EQ(ERR_get_error(), 0U);
}

TEST(PublicKey, AFailureNamesOpensslsCall) {
  const auto key = PublicKey::parse(from_hex("302a300506032b6570032100"));
  ASSERT_FALSE(key);
  ASSERT_TRUE(key.error().cause);
  EXPECT_EQ(key.error().cause->subsystem, "openssl");
}

}  // namespace
}  // namespace keystore
