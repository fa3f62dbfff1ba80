#pragma once

#include <dlfcn.h>
#include <gmock/gmock.h>

#include <optional>

#include "backends/pkcs11/cryptoki.h"
#include "tests/backends/pkcs11/token_keys.h"
#include "tests/tokens/test_token.h"

namespace keystore::testing {

/// A SoftHSM token with one P-256 key, 'key', behind the module that makes faults on request.
class FaultyToken : public ::testing::Test {
 protected:
  static constexpr auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
  static inline const Bytes message = {'m'};

  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    softhsm_.emplace();
    ASSERT_TRUE(alone([&] {
      const auto made = open_store()->generator()->generate_key(KeySpec::parse("ec:p256").value(),
                                                                {.label = "key"});
      ASSERT_TRUE(made) << why(made);
    }));
    token_.emplace(*softhsm_);
  }
  Result<Store> open_store() { return keystore::open(softhsm_->uri(), with_pin(softhsm_->pin())); }
  Result<Key> open_key() {
    auto store = open_store();
    if (!store) return Failure(store.error());
    return store->key();
  }
  /// A good signature; anything else fails the test.
  static bool signs(const Key& key) {
    const auto signature = key.sign(scheme, message);
    EXPECT_TRUE(signature) << why(signature);
    return signature &&
           key.public_key()->verify(spec_of(scheme), message, *signature).value_or(false);
  }
  /// What another library in this process does with the module.
  static CK_FUNCTION_LIST* other_user() {
    void* handle = ::dlopen(TestToken::module_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle, nullptr);
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(handle, "C_GetFunctionList"));
    CK_FUNCTION_LIST* functions = nullptr;
    EXPECT_EQ(get(&functions), CKR_OK);
    return functions;
  }
  static CK_SLOT_ID first_slot(CK_FUNCTION_LIST* functions) {
    CK_SLOT_ID slots[8] = {};
    CK_ULONG count = 8;
    EXPECT_EQ(functions->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    return slots[0];
  }

  std::optional<SoftHsm> softhsm_;
  std::optional<TestToken> token_;
};

}  // namespace keystore::testing
