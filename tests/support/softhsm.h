#pragma once

#include "tests/support/token_fixture.h"

namespace keystore::testing {

/// SoftHSM with tokens of this test alone: softhsm2.conf and tokens/ in its folder, SOFTHSM2_CONF
/// set to the first while this object lives. Throws std::runtime_error when SoftHSM is not
/// installed.
class SoftHsm : public TokenFixture {
 public:
  /// With one token initialised.
  explicit SoftHsm(std::string_view label = "test");

  /// Another token beside the first; the reference stays good.
  const Token& add_token(std::string_view label, std::string_view pin = "4711-user-pin");

  /// Whether SoftHSM is installed; GTEST_SKIP() loudly when it is not.
  static bool available();
  /// Absolute path of libsofthsm2.so; $KEYSTORE_SOFTHSM_MODULE first.
  static std::string module_path();

  std::filesystem::path token_folder() const { return folder() / "tokens"; }
  std::filesystem::path configuration() const { return folder() / "softhsm2.conf"; }

 private:
  EnvironmentGuard softhsm_environment_;
};

}  // namespace keystore::testing
