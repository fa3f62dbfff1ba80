// Tokens that lack mechanisms: what their keys offer verifies, two calls each; the rest is refused
// before any call.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <p11-kit/pkcs11.h>

#include "keystore/internal/lib_ctx.h"
#include "tests/backends/pkcs11/token_keys.h"
#include "tests/support/process.h"
#include "tests/tokens/test_token.h"

namespace keystore {
namespace {

using enum SignatureScheme;
using testing::alone;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::TestToken;
using testing::why;
using testing::with_pin;

const Bytes message = {'m', 'e', 's', 's', 'a', 'g', 'e'};

using Mechanisms = std::vector<CK_MECHANISM_TYPE>;

const Mechanisms combined_pkcs1 = {CKM_SHA1_RSA_PKCS, CKM_SHA224_RSA_PKCS, CKM_SHA256_RSA_PKCS,
                                   CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS};
const Mechanisms combined_pss = {CKM_SHA1_RSA_PKCS_PSS, CKM_SHA224_RSA_PKCS_PSS,
                                 CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS,
                                 CKM_SHA512_RSA_PKCS_PSS};
const std::vector<SignatureScheme> pkcs1_schemes = {rsa_pkcs1_sha256, rsa_pkcs1_sha384,
                                                    rsa_pkcs1_sha512, rsa_pkcs1_sha1};
const std::vector<SignatureScheme> pss_schemes = {rsa_pss_rsae_sha256, rsa_pss_rsae_sha384,
                                                  rsa_pss_rsae_sha512};

template <class T>
std::vector<T> operator+(std::vector<T> a, const std::vector<T>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Mechanisms without(Mechanisms all, CK_MECHANISM_TYPE kept) {
  std::erase(all, kept);
  return all;
}

struct Subset {
  const char* name = "";
  const char* type = "rsa";
  Mechanisms lacks = {};
  Mechanisms verifies_only = {};
  Mechanisms hashes = {};
  std::vector<SignatureScheme> schemes = {};
  bool takes_digests = true;
};

void PrintTo(const Subset& subset, std::ostream* out) { *out << subset.name; }

const Subset subsets[] = {
    {.name = "Everything", .schemes = pss_schemes + pkcs1_schemes},
    {.name = "RawRsaForPss",
     .lacks = Mechanisms{CKM_RSA_PKCS_PSS} + combined_pss,
     .schemes = pss_schemes + pkcs1_schemes},
    {.name = "RawRsaAlone",
     .lacks = Mechanisms{CKM_RSA_PKCS_PSS, CKM_RSA_PKCS} + combined_pss + combined_pkcs1,
     .schemes = pss_schemes + pkcs1_schemes},
    {.name = "PssListedForVerification",
     .verifies_only = Mechanisms{CKM_RSA_PKCS_PSS} + combined_pss,
     .schemes = pss_schemes + pkcs1_schemes},
    {.name = "NoPss",
     .lacks = Mechanisms{CKM_RSA_PKCS_PSS, CKM_RSA_X_509} + combined_pss,
     .schemes = pkcs1_schemes},
    {.name = "Sha256AloneHashedByTheToken",
     .lacks = Mechanisms{CKM_RSA_PKCS_PSS, CKM_RSA_X_509, CKM_RSA_PKCS} +
              without(combined_pss, CKM_SHA256_RSA_PKCS_PSS) +
              without(combined_pkcs1, CKM_SHA256_RSA_PKCS),
     .schemes = {rsa_pss_rsae_sha256, rsa_pkcs1_sha256},
     .takes_digests = false},
    {.name = "Pkcs1Sha256Alone",
     .lacks = Mechanisms{CKM_RSA_PKCS_PSS, CKM_RSA_X_509, CKM_RSA_PKCS} + combined_pss +
              without(combined_pkcs1, CKM_SHA256_RSA_PKCS),
     .schemes = {rsa_pkcs1_sha256},
     .takes_digests = false},
    {.name = "EcdsaOfDigests", .type = "ec", .schemes = {ecdsa_secp256r1_sha256}},
    {.name = "EcdsaHashedByTheToken",
     .type = "ec",
     .lacks = {CKM_ECDSA},
     .hashes = {CKM_ECDSA_SHA256, CKM_ECDSA_SHA384},
     .schemes = {ecdsa_secp256r1_sha256},
     .takes_digests = false},
    {.name = "EcdsaListedForVerification",
     .type = "ec",
     .verifies_only = {CKM_ECDSA},
     .hashes = {CKM_ECDSA_SHA256},
     .schemes = {ecdsa_secp256r1_sha256},
     .takes_digests = false},
    {.name = "NoEcdsa", .type = "ec", .lacks = {CKM_ECDSA}, .takes_digests = false},
    {.name = "Eddsa", .type = "ed25519", .schemes = {ed25519}},
};

class TokenLacking : public ::testing::TestWithParam<Subset> {
 protected:
  struct Keys {
    SoftHsm hsm;
    TestToken token{hsm};
  };

  /// One token for all, with a key of each type, made by another process.
  static Keys& keys() {
    static Keys* const only = [] {
      auto* made = new Keys;
      EXPECT_TRUE(alone([&] {
        auto store = keystore::open(made->hsm.uri(), with_pin(made->hsm.pin()));
        ASSERT_TRUE(store) << why(store);
        for (const auto& [type, label] : {std::pair{"rsa:2048", "rsa"}, std::pair{"ec:p256", "ec"},
                                          std::pair{"ed25519", "ed25519"}}) {
          const auto key =
              store->generator()->generate_key(KeySpec::parse(type).value(), {.label = label});
          ASSERT_TRUE(key) << why(key);
        }
      }));
      return made;
    }();
    return *only;
  }
  static void SetUpTestSuite() {
    if (SoftHsm::available()) keys();
  }
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    const auto row = [](const char* name, const Mechanisms& mechanisms) {
      return mechanisms.empty() ? "" : fmt::format("{} {}\n", name, fmt::join(mechanisms, " "));
    };
    const auto& subset = GetParam();
    keys().token.set_faults(row("without", subset.lacks) +
                            row("verify-only", subset.verifies_only) +
                            row("hashing", subset.hashes));
  }
  void TearDown() override {
    if (SoftHsm::available()) keys().token.set_faults("");
  }
  static std::uint64_t calls() { return keys().token.counts().total(); }
  static Key open_key() {
    const auto& hsm = keys().hsm;
    return keystore::open(hsm.uri(GetParam().type), with_pin(hsm.pin()))->key().value();
  }
};

void expect_two_calls_each(const Key& key, const SignSpec& spec, BytesView input,
                           const auto& calls) {
  ASSERT_TRUE(key.sign_digest(spec, input));
  const auto before = calls();
  const auto signature = key.sign_digest(spec, input);
  EXPECT_EQ(calls() - before, 2U);
  ASSERT_TRUE(signature) << why(signature);
  EXPECT_TRUE(key.public_key()->verify(spec, input, *signature).value());
}

void expect_refusal(const Key& key, const SignSpec& spec, BytesView input, const auto& calls) {
  const auto before = calls();
  const auto refused = key.sign_digest(spec, input);
  EXPECT_EQ(calls() - before, 0U);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unsupported);
  EXPECT_THAT(refused.error().message,
              HasSubstr(fmt::format("cannot sign with key '{}' on token", key.label())));
}

TEST_P(TokenLacking, MechanismsOffersWhatItCan) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    EXPECT_THAT(key.schemes(), ElementsAreArray(GetParam().schemes));
    for (const auto scheme : schemes_of(*key.entry().shape)) {
      SCOPED_TRACE(to_string(scheme));
      const auto spec = spec_of(scheme);
      const bool offered = std::ranges::find(key.schemes(), scheme) != key.schemes().end();
      offered ? expect_two_calls_each(key, spec, message, calls)
              : expect_refusal(key, spec, message, calls);
      if (spec.digest == Digest::none) continue;
      auto of_digest = spec;
      of_digest.input = SignInput::digest;
      const auto digest = hash(spec.digest, message);
      offered&& GetParam().takes_digests ? expect_two_calls_each(key, of_digest, digest, calls)
                                         : expect_refusal(key, of_digest, digest, calls);
    }
  }));
}

INSTANTIATE_TEST_SUITE_P(Some, TokenLacking, ::testing::ValuesIn(subsets),
                         [](const auto& tested) { return std::string(tested.param.name); });

// SoftHSM refuses the others at C_SignInit.
TEST(KeyThatAllowsSomeMechanisms, OffersNoOther) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  const SoftHsm hsm;
  const auto made = testing::run(
      {"pkcs11-tool", "--module", SoftHsm::module_path(), "--token-label", "test", "--login",
       "--pin", hsm.pin(), "--keypairgen", "--key-type", "rsa:2048", "--label", "pss", "--id", "01",
       "--allowed-mechanisms", "RSA-PKCS-PSS,SHA256-RSA-PKCS-PSS"});
  ASSERT_TRUE(made.ok()) << made.text();
  EXPECT_TRUE(alone([&] {
    const auto key = keystore::open(hsm.uri("pss"), with_pin(hsm.pin()))->key();
    ASSERT_TRUE(key) << why(key);
    EXPECT_THAT(key->schemes(), ElementsAreArray(pss_schemes));
    for (const auto scheme : key->schemes()) {
      const auto signature = key->sign(scheme, message);
      ASSERT_TRUE(signature) << why(signature);
      EXPECT_TRUE(key->public_key()->verify(spec_of(scheme), message, *signature).value());
    }
    EXPECT_EQ(key->entry().attributes.at("allowed-mechanisms"),
              "CKM_RSA_PKCS_PSS CKM_SHA256_RSA_PKCS_PSS");
    const auto pkcs1 = key->sign_digest(spec_of(rsa_pkcs1_sha256), message);
    ASSERT_FALSE(pkcs1);
    EXPECT_EQ(pkcs1.error().code, Errc::unsupported);
    EXPECT_THAT(pkcs1.error().message, HasSubstr("the key allows no mechanism"));
    const auto plain = key->decrypt({}, Bytes(256, 1));
    ASSERT_FALSE(plain);
    EXPECT_THAT(plain.error().message, HasSubstr("CKA_ALLOWED_MECHANISMS"));
  }));
}

}  // namespace
}  // namespace keystore
