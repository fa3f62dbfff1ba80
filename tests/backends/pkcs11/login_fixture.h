#pragma once

#include <fmt/format.h>

#include "tests/backends/pkcs11/faulty_token.h"

namespace keystore::testing {

/// A token whose logins are counted.
class TokenLogin : public FaultyToken {
 protected:
  Result<Key> key(const OpenOptions& options, const char* label = "key") {
    auto store = keystore::open(softhsm_->uri(label), options);
    if (!store) return Failure(store.error());
    return store->key();
  }
  static OpenOptions from(std::string_view source) {
    return {.pin_source = SecretSource::parse(source).value()};
  }
  std::uint64_t logins() { return token_->counts().of("C_Login"); }
  /// Another user of the module in this process logs out, just before the next signature.
  void lose_the_login(std::string_view more_faults = {}) {
    token_->set_faults(fmt::format("C_SignInit logout on={}\n{}",
                                   token_->counts().of("C_SignInit") + 1, more_faults));
  }
  /// Another user of the module in this process changes the PIN; that of `softhsm_` is good no
  /// more. SoftHSM notices no change by another process.
  void change_pin(std::string fresh) {
    auto* module = other_user();
    CK_SESSION_HANDLE session = 0;
    EXPECT_EQ(module->C_OpenSession(first_slot(module), CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                    nullptr, nullptr, &session),
              CKR_OK);
    auto old = softhsm_->pin();
    const auto octets = [](std::string& text) {
      return reinterpret_cast<CK_UTF8CHAR*>(text.data());
    };
    EXPECT_EQ(module->C_SetPIN(session, octets(old), old.size(), octets(fresh), fresh.size()),
              CKR_OK);
    EXPECT_EQ(module->C_CloseSession(session), CKR_OK);
  }
};

}  // namespace keystore::testing
