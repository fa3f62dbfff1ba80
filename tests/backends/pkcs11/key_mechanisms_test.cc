#include "backends/pkcs11/key_mechanisms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "backends/pkcs11/mechanism_names.h"

namespace keystore::pkcs11 {
namespace {

const KeyShape rsa2048 = {.type = KeyType::rsa, .bits = 2048};
const KeyShape rsa4096 = {.type = KeyType::rsa, .bits = 4096};
const KeyShape p256 = {.type = KeyType::ec, .bits = 256, .curve = "P-256"};
const KeyShape p384 = {.type = KeyType::ec, .bits = 384, .curve = "P-384"};

using Infos = std::map<CK_MECHANISM_TYPE, CK_MECHANISM_INFO>;

/// A token that lists these and knows about some of them.
struct Listed {
  explicit Listed(std::vector<CK_MECHANISM_TYPE> mechanisms, Infos infos = {})
      : table((std::ranges::sort(mechanisms), mechanisms),
              [this, infos](CK_MECHANISM_TYPE mechanism) -> std::optional<CK_MECHANISM_INFO> {
                asked.push_back(mechanism_name(mechanism));
                const auto found = infos.find(mechanism);
                if (found == infos.end()) return {};
                return found->second;
              }) {}

  std::vector<std::string> asked = {};
  MechanismTable table;
};

bool signs_with(CK_MECHANISM_INFO info, const KeyShape& shape) {
  const KeyMechanisms mechanisms({{.mechanism = CKM_RSA_PKCS, .info = info}});
  return mechanisms.does(CKM_RSA_PKCS, CKF_SIGN, shape);
}

TEST(KeyMechanisms, NeedTheFlagOfTheUse) {
  EXPECT_TRUE(signs_with({0, 0, CKF_HW | CKF_SIGN | CKF_VERIFY}, rsa2048));
  EXPECT_FALSE(signs_with({0, 0, CKF_HW | CKF_VERIFY | CKF_DECRYPT}, rsa2048));
}

TEST(KeyMechanisms, WithoutAnyFlagOfUseAreTakenAtTheirListing) {
  EXPECT_TRUE(signs_with({0, 0, 0}, rsa2048));
  EXPECT_TRUE(signs_with({0, 0, CKF_HW}, rsa2048));
}

TEST(KeyMechanisms, TakeSizesInBitsOrOctets) {
  EXPECT_TRUE(signs_with({512, 2048, CKF_SIGN}, rsa2048));
  EXPECT_FALSE(signs_with({512, 2048, CKF_SIGN}, rsa4096));
  EXPECT_TRUE(signs_with({128, 256, CKF_SIGN}, rsa2048));
  EXPECT_FALSE(signs_with({128, 256, CKF_SIGN}, rsa4096));
  EXPECT_TRUE(signs_with({256, 256, CKF_SIGN}, p256));
  EXPECT_FALSE(signs_with({256, 256, CKF_SIGN}, p384));
  EXPECT_TRUE(signs_with({32, 48, CKF_SIGN}, p384));
}

TEST(KeyMechanisms, IgnoreLimitsThatCannotBe) {
  EXPECT_TRUE(signs_with({512, 0, CKF_SIGN}, rsa4096));
  EXPECT_TRUE(signs_with({4096, 1024, CKF_SIGN}, rsa2048));
  EXPECT_TRUE(signs_with({0, CK_UNAVAILABLE_INFORMATION, CKF_SIGN}, rsa4096));
  EXPECT_TRUE(signs_with({256, 256, CKF_SIGN}, {.type = KeyType::ec}));
}

TEST(KeyMechanisms, TakeEdwardsCurvesBySizeOfFieldPointOrOrder) {
  const KeyShape ed25519 = {.type = KeyType::ed25519, .bits = 253};
  const KeyShape ed448 = {.type = KeyType::ed448, .bits = 456};
  for (const CK_ULONG size : {253, 255, 256, 32}) {
    EXPECT_TRUE(signs_with({size, size, CKF_SIGN}, ed25519)) << size;
    EXPECT_FALSE(signs_with({size, size, CKF_SIGN}, ed448)) << size;
  }
  for (const CK_ULONG size : {446, 448, 456, 56, 57}) {
    EXPECT_TRUE(signs_with({size, size, CKF_SIGN}, ed448)) << size;
    EXPECT_FALSE(signs_with({size, size, CKF_SIGN}, ed25519)) << size;
  }
}

TEST(KeyMechanisms, OfATokenThatListsNothingDoEverything) {
  const Listed silent({});
  const auto mechanisms = silent.table.for_keys(KeyType::rsa);
  EXPECT_TRUE(mechanisms.does(CKM_RSA_PKCS_PSS, CKF_SIGN, rsa2048));
  EXPECT_TRUE(silent.asked.empty());
}

TEST(MechanismTable, AsksOnceAndOnlyWhatAChoiceDependsOn) {
  const Listed token({CKM_RSA_PKCS, CKM_RSA_X_509, CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS,
                      CKM_SHA256_RSA_PKCS_PSS, CKM_ECDSA, CKM_ECDSA_SHA256, CKM_AES_CBC});
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(token.table.for_keys(KeyType::rsa).lists(CKM_SHA256_RSA_PKCS));
    EXPECT_FALSE(token.table.for_keys(KeyType::rsa).lists(CKM_ECDSA));
  }
  EXPECT_EQ(token.asked,
            (std::vector<std::string>{"CKM_RSA_PKCS", "CKM_RSA_X_509", "CKM_RSA_PKCS_PSS"}));
  EXPECT_TRUE(token.table.for_keys(KeyType::ec).lists(CKM_ECDSA_SHA256));
  EXPECT_EQ(token.asked.size(), 4U);
}

TEST(MechanismTable, AsksAboutMechanismsThatHashWhereTheOthersDoNotSign) {
  const Infos verify_only = {{CKM_ECDSA, {112, 521, CKF_VERIFY}},
                             {CKM_ECDSA_SHA1, {112, 521, CKF_VERIFY}}};
  const Listed token({CKM_ECDSA, CKM_ECDSA_SHA1, CKM_ECDSA_SHA256}, verify_only);
  const auto mechanisms = token.table.for_keys(KeyType::ec);
  EXPECT_FALSE(mechanisms.does(CKM_ECDSA, CKF_SIGN, p256));
  EXPECT_FALSE(mechanisms.does(CKM_ECDSA_SHA1, CKF_SIGN, p256));
  EXPECT_TRUE(mechanisms.does(CKM_ECDSA_SHA256, CKF_SIGN, p256));
}

}  // namespace
}  // namespace keystore::pkcs11
