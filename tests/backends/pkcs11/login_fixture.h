#pragma once

#include <optional>

#include "tests/backends/pkcs11/token_keys.h"
#include "tests/tokens/test_token.h"

namespace keystore::testing {

inline const Bytes message = {'m'};

/// A token with two EC keys, "key" and "other", made by another process, behind the test module.
class TokenLogin : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    softhsm_.emplace();
    ASSERT_TRUE(alone([&] {
      for (const auto* label : {"key", "other"}) {
        auto store = keystore::open(softhsm_->uri(), with_pin(softhsm_->pin()));
        ASSERT_TRUE(store) << why(store);
        const auto key =
            store->generator()->generate_key(KeySpec::parse("ec:p256").value(), {.label = label});
        ASSERT_TRUE(key) << why(key);
      }
    }));
    token_.emplace(*softhsm_);
  }
  Result<Key> key(const OpenOptions& options, const char* label = "key") {
    auto store = keystore::open(softhsm_->uri(label), options);
    if (!store) return Failure(store.error());
    return store->key();
  }
  std::uint64_t logins() { return token_->counts().of("C_Login"); }

  std::optional<SoftHsm> softhsm_;
  std::optional<TestToken> token_;
};

}  // namespace keystore::testing
