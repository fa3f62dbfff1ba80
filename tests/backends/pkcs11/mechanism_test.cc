// Every set of mechanisms that a token may have × everything that can be asked of a key: either the
// plan, carried out as a token would, gives a signature that verifies, or it is refused beforehand.
#include "backends/pkcs11/mechanism.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "backends/pkcs11/digest_mechanisms.h"
#include "backends/pkcs11/mechanism_names.h"
#include "backends/pkcs11/signing_way.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/sign_params.h"
#include "tests/backends/pkcs11/token_keys.h"

namespace keystore::pkcs11 {
namespace {

using testing::why;

const Bytes message = {'a', ' ', 'm', 'e', 's', 's', 'a', 'g', 'e'};

Key software_key(std::string_view type) {
  auto pkcs8 = generate_software_key(KeySpec::parse(type).value());
  return Key(make_software_key(std::move(*pkcs8), Entry{.uri = Uri::from_path("/x")}).value());
}

/// The two integers of a DER signature, each as long as the order.
Bytes ecdsa_as_raw(BytesView der, std::size_t order) {
  Bytes raw;
  std::size_t at = der[1] < 0x80 ? 2 : 3;
  for (int i = 0; i < 2; ++i) {
    const std::size_t size = der[at + 1];
    const Bytes number(der.begin() + at + 2, der.begin() + at + 2 + size);
    const auto start = std::ranges::find_if(number, [](auto octet) { return octet != 0; });
    raw.insert(raw.end(), order - (number.end() - start), 0);
    raw.insert(raw.end(), start, number.end());
    at += 2 + size;
  }
  return raw;
}

Digest digest_of(CK_MECHANISM_TYPE hash) {
  return std::ranges::find(all_digest_mechanisms(), hash, &DigestMechanisms::hash)->digest;
}

/// What the mechanism of a plan means (PKCS#11 3.0, 2.1 and 2.3).
SignSpec meaning_of(const Plan& plan) {
  if (plan.mechanism == CKM_RSA_X_509)
    return {.algorithm = SignAlgorithm::rsa_raw, .input = SignInput::raw};
  if (plan.mechanism == CKM_RSA_PKCS)
    return {.algorithm = SignAlgorithm::rsa_pkcs1, .input = SignInput::digest_info};
  if (plan.mechanism == CKM_EDDSA) return {.algorithm = SignAlgorithm::eddsa};
  if (plan.mechanism == CKM_ECDSA)
    return {.algorithm = SignAlgorithm::ecdsa, .input = SignInput::digest};
  SignSpec spec;
  if (plan.mechanism == CKM_RSA_PKCS_PSS) spec.input = SignInput::digest;
  for (const auto& row : all_digest_mechanisms()) {
    if (plan.mechanism == row.rsa_pkcs || plan.mechanism == row.ecdsa) spec.digest = row.digest;
    if (plan.mechanism == row.ecdsa) spec.algorithm = SignAlgorithm::ecdsa;
  }
  if (const auto* pss = std::get_if<CK_RSA_PKCS_PSS_PARAMS>(&plan.parameters)) {
    spec.algorithm = SignAlgorithm::rsa_pss;
    spec.digest = digest_of(pss->hashAlg);
    spec.mgf_digest =
        std::ranges::find(all_digest_mechanisms(), pss->mgf, &DigestMechanisms::mgf)->digest;
    spec.salt_length = pss->sLen;
  }
  return spec;
}

/// C_Sign as a token does it that keeps `key`.
Result<Bytes> carry_out(const Plan& plan, const Key& key) {
  auto signature = key.sign_digest(meaning_of(plan), plan.input());
  if (signature && plan.raw_ecdsa) {
    return ecdsa_as_raw(*signature, (key.entry().shape->bits + 7) / 8);
  }
  return signature;
}

using Mechanisms = std::vector<CK_MECHANISM_TYPE>;

Abilities having(const Mechanisms& mechanisms, Quirks quirks = {}) {
  std::vector<MechanismRow> rows;
  for (const auto mechanism : mechanisms) rows.push_back({.mechanism = mechanism});
  return {KeyMechanisms(std::move(rows)), quirks};
}

std::string names_of(const Mechanisms& mechanisms) {
  std::string names;
  for (const auto mechanism : mechanisms) names += mechanism_name(mechanism) + " ";
  return names;
}

std::vector<Mechanisms> subsets_of(const Mechanisms& all) {
  std::vector<Mechanisms> subsets;
  for (std::size_t bits = 0; bits < (std::size_t{1} << all.size()); ++bits) {
    auto& subset = subsets.emplace_back();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if ((bits >> i & 1) != 0) subset.push_back(all[i]);
    }
  }
  return subsets;
}

Bytes input_for(const SignSpec& spec) {
  switch (spec.input) {
    case SignInput::message:
      return message;
    case SignInput::digest:
      return hash(spec.digest, message);
    case SignInput::digest_info:
      return Bytes(36, 7);  // TLS 1.1: MD5 and SHA-1
    case SignInput::raw:
      return Bytes(256, 7);
  }
  return {};
}

/// Whether the token takes what the plan says, else a refusal came before.
bool signs_or_refuses(const SignSpec& spec, const Key& key, const Abilities& abilities) {
  const auto input = input_for(spec);
  const auto plan = plan_signature(spec, input, *key.entry().shape, abilities);
  EXPECT_EQ(plan.has_value(), find_signing_way(spec, *key.entry().shape, abilities).has_value());
  if (!plan) {
    EXPECT_EQ(plan.error().code, Errc::unsupported) << plan.error().message;
    return false;
  }
  const bool listed = abilities.mechanisms.lists(plan->mechanism);
  EXPECT_TRUE(listed) << mechanism_name(plan->mechanism);
  auto signature = carry_out(*plan, key);
  EXPECT_TRUE(signature) << why(signature);
  if (!listed || !signature) return true;
  EXPECT_LE(signature->size(), plan->output_size);
  if (plan->raw_ecdsa) signature = ecdsa_as_der(*signature);
  EXPECT_TRUE(key.public_key()->verify(spec, input, *signature).value());
  return true;
}

/// `specs` on tokens with each subset; a scheme is listed exactly where its message can be signed.
void try_all(const Key& key, const Mechanisms& all, const std::vector<SignSpec>& specs,
             Quirks quirks = {}) {
  for (const auto& subset : subsets_of(all)) {
    SCOPED_TRACE(names_of(subset));
    const auto abilities = having(subset, quirks);
    const auto schemes = schemes_on(*key.entry().shape, abilities);
    for (const auto scheme : key.schemes()) {
      SCOPED_TRACE(to_string(scheme));
      EXPECT_EQ(signs_or_refuses(spec_of(scheme), key, abilities),
                std::ranges::find(schemes, scheme) != schemes.end());
    }
    for (const auto& spec : specs) signs_or_refuses(spec, key, abilities);
  }
}

std::vector<SignSpec> digests_of(SignAlgorithm algorithm, std::initializer_list<Digest> digests) {
  std::vector<SignSpec> specs;
  for (const auto digest : digests) {
    for (const auto input : {SignInput::digest, SignInput::message}) {
      specs.push_back({.algorithm = algorithm, .input = input, .digest = digest});
    }
  }
  return specs;
}

TEST(EverySetOfMechanisms, SignsOrRefusesRsa) {
  const auto key = software_key("rsa:2048");
  std::vector<SignSpec> specs = {
      {.algorithm = SignAlgorithm::rsa_pkcs1, .input = SignInput::digest_info},
      {.algorithm = SignAlgorithm::rsa_raw, .input = SignInput::raw},
      {.algorithm = SignAlgorithm::rsa_pss,
       .digest = Digest::sha256,
       .mgf_digest = Digest::sha1,
       .salt_length = 11}};
  const Mechanisms all = {CKM_RSA_X_509, CKM_RSA_PKCS, CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS,
                          CKM_SHA256_RSA_PKCS};
  try_all(key, all, specs);
  for (const auto algorithm : {SignAlgorithm::rsa_pkcs1, SignAlgorithm::rsa_pss}) {
    specs = digests_of(algorithm, {Digest::sha1, Digest::sha256, Digest::sha3_256});
    try_all(key, all, specs, {.pss_one_digest = true});
  }
}

TEST(EverySetOfMechanisms, SignsOrRefusesEcdsa) {
  for (const auto* type : {"ec:p256", "ec:p384", "ec:p521"}) {
    SCOPED_TRACE(type);
    try_all(software_key(type), {CKM_ECDSA, CKM_ECDSA_SHA256, CKM_ECDSA_SHA384, CKM_ECDSA_SHA512},
            digests_of(SignAlgorithm::ecdsa,
                       {Digest::sha1, Digest::sha256, Digest::sha512, Digest::sha3_256}));
  }
}

TEST(EverySetOfMechanisms, SignsOrRefusesEddsa) {
  for (const auto* type : {"ed25519", "ed448"}) {
    SCOPED_TRACE(type);
    try_all(software_key(type), {CKM_EDDSA, CKM_ECDSA}, {});
  }
}

TEST(SigningWay, PrefersDigestsThenRawRsaThenHashingTokens) {
  const KeyShape rsa = {.type = KeyType::rsa, .bits = 2048};
  const auto spec = spec_of(SignatureScheme::rsa_pss_rsae_sha256);
  const auto way = [&](const Mechanisms& mechanisms) {
    return find_signing_way(spec, rsa, having(mechanisms))->mechanism;
  };
  EXPECT_EQ(way({CKM_RSA_PKCS_PSS, CKM_RSA_X_509, CKM_SHA256_RSA_PKCS_PSS}), CKM_RSA_PKCS_PSS);
  EXPECT_EQ(way({CKM_RSA_X_509, CKM_SHA256_RSA_PKCS_PSS}), CKM_RSA_X_509);
  EXPECT_EQ(way({CKM_SHA256_RSA_PKCS_PSS}), CKM_SHA256_RSA_PKCS_PSS);
}

TEST(SigningWay, EncodesPssItselfForADigestThatTheTokenLeavesOut) {
  const KeyShape rsa = {.type = KeyType::rsa, .bits = 2048};
  const auto abilities = having({CKM_RSA_PKCS_PSS, CKM_RSA_X_509, CKM_SHA256_RSA_PKCS_PSS});
  const auto way = [&](SignatureScheme scheme) {
    return find_signing_way(spec_of(scheme), rsa, abilities)->mechanism;
  };
  EXPECT_EQ(way(SignatureScheme::rsa_pss_rsae_sha256), CKM_RSA_PKCS_PSS);
  EXPECT_EQ(way(SignatureScheme::rsa_pss_rsae_sha384), CKM_RSA_X_509);
}

TEST(SigningWay, SaysThatTheTokenWantsTheMessage) {
  const KeyShape ec = {.type = KeyType::ec, .bits = 256, .curve = "P-256"};
  const SignSpec spec = {
      .algorithm = SignAlgorithm::ecdsa, .input = SignInput::digest, .digest = Digest::sha256};
  const auto way = find_signing_way(spec, ec, having({CKM_ECDSA_SHA256}));
  ASSERT_FALSE(way);
  EXPECT_EQ(way.error().code, Errc::unsupported);
  EXPECT_EQ(way.error().message,
            "the token makes ECDSA with SHA2-256 signatures of messages that it hashes itself, not "
            "of digests");
  EXPECT_EQ(way.error().hint, "hand over the message");
}

TEST(SigningWay, RefusesAContextThatTheTokenWouldIgnore) {
  const KeyShape ed25519 = {.type = KeyType::ed25519, .bits = 253};
  const SignSpec spec = {.algorithm = SignAlgorithm::eddsa, .context = {'c'}};
  EXPECT_TRUE(find_signing_way(spec, ed25519, having({CKM_EDDSA})));
  const auto refused =
      find_signing_way(spec, ed25519, having({CKM_EDDSA}, {.eddsa_without_context = true}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unsupported);
}

TEST(EddsaPlan, HasParametersForEd448AndForAContext) {
  const auto has_parameters = [](KeyType type, Bytes context) {
    const SignSpec spec = {.algorithm = SignAlgorithm::eddsa, .context = std::move(context)};
    const auto plan = plan_signature(spec, message, {.type = type}, having({CKM_EDDSA}));
    const auto* set = std::get_if<EddsaParams>(&plan->parameters);
    EXPECT_FALSE(set != nullptr && set->prehash);
    return set != nullptr;
  };
  EXPECT_FALSE(has_parameters(KeyType::ed25519, {}));
  EXPECT_TRUE(has_parameters(KeyType::ed25519, {'c'}));
  EXPECT_TRUE(has_parameters(KeyType::ed448, {}));
}

TEST(Plan, PointsSomewhereForAnEmptyMessage) {
  const auto plan = plan_signature({.algorithm = SignAlgorithm::eddsa}, {},
                                   {.type = KeyType::ed25519}, having({CKM_EDDSA}));
  EXPECT_NE(plan->input().data(), nullptr);
  EXPECT_TRUE(plan->input().empty());
}

TEST(DecryptionPlan, TakesOaepOffRawRsaWhereTheTokenDoesNot) {
  const KeyShape rsa = {.type = KeyType::rsa, .bits = 2048};
  const Bytes ciphertext(256, 1);
  const auto plan = [&](const DecryptSpec& spec, const Abilities& abilities) {
    return plan_decryption(spec, ciphertext, rsa, abilities);
  };
  EXPECT_FALSE(plan({}, having({CKM_RSA_PKCS_OAEP, CKM_RSA_X_509}))->oaep_in_software);
  const auto raw = plan({}, having({CKM_RSA_X_509}));
  EXPECT_TRUE(raw->oaep_in_software);
  EXPECT_EQ(raw->plan.mechanism, CKM_RSA_X_509);
  const auto verify_only = KeyMechanisms(
      {{CKM_RSA_PKCS_OAEP, CK_MECHANISM_INFO{512, 4096, CKF_ENCRYPT}}, {CKM_RSA_X_509, {}}});
  EXPECT_TRUE(plan({}, {verify_only, {}})->oaep_in_software);
  EXPECT_EQ(plan({}, having({CKM_RSA_PKCS})).error().code, Errc::unsupported);
  EXPECT_EQ(plan({.encryption = Encryption::rsa_pkcs1}, having({CKM_RSA_X_509})).error().code,
            Errc::unsupported);
}

}  // namespace
}  // namespace keystore::pkcs11
