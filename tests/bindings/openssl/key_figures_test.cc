#include "bindings/openssl/provider/key_figures.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore::provider {
namespace {

void expect_as_openssl_says(const EvpPkeyPtr& pkey) {
  ASSERT_TRUE(pkey);
  const auto shape = shape_of(pkey.get());
  const auto usual = usual_figures(shape);
  ASSERT_TRUE(usual) << to_string(shape.type) << shape.bits;
  EXPECT_EQ(*usual, figures_of(pkey.get())) << to_string(shape.type) << shape.bits;
}

TEST(KeyFigures, AreThoseThatOpensslTells) {
  for (const std::size_t bits : {2048, 3072, 4096}) {
    expect_as_openssl_says(EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits)));
  }
  for (const auto* curve : {"P-256", "P-384", "P-521"}) {
    expect_as_openssl_says(EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve)));
  }
  for (const auto* type : {"ED25519", "ED448", "X25519", "X448"}) {
    expect_as_openssl_says(EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, type)));
  }
}

TEST(KeyFigures, AreLookedUpForUnusualKeys) {
  const EvpPkeyPtr rsa(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1536}));
  const EvpPkeyPtr koblitz(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "secp256k1"));
  for (const auto* pkey : {rsa.get(), koblitz.get()}) EXPECT_FALSE(usual_figures(shape_of(pkey)));
  EXPECT_FALSE(usual_figures({.type = KeyType::other}));
}

}  // namespace
}  // namespace keystore::provider
