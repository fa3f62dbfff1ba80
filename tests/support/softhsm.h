#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/workspace.h"

namespace keystore::testing {

/// SoftHSM with tokens of this test alone: a temporary folder with softhsm2.conf, tokens/ and a
/// keystore.toml that names the module, SOFTHSM2_CONF and KEYSTORE_CONFIG set to them while this
/// object lives. Make it before the first token is opened: a process reads both once. Throws
/// std::runtime_error when SoftHSM is not installed.
class SoftHsm {
 public:
  struct Token {
    std::string label;
    std::string pin;
    std::string so_pin;
    std::filesystem::path pin_file;  ///< holds the PIN, 0600

    /// "pkcs11:token=LABEL", and ";object=OBJECT" when there is one.
    std::string uri(std::string_view object = {}) const;
    /// "file:PIN_FILE", as in `--pin` and `pin-source=`.
    std::string pin_source() const { return "file:" + pin_file.string(); }
  };

  /// With one token initialised.
  explicit SoftHsm(std::string_view label = "test");

  /// Another token beside the first; the reference stays good.
  const Token& add_token(std::string_view label, std::string_view pin = "4711-user-pin");

  /// Whether SoftHSM is installed; GTEST_SKIP() loudly when it is not.
  static bool available();
  /// Absolute path of libsofthsm2.so; $KEYSTORE_SOFTHSM_MODULE first.
  static std::string module_path();

  /// Of the first token.
  const Token& token() const noexcept { return tokens_.front(); }
  std::string uri(std::string_view object = {}) const { return token().uri(object); }
  const std::string& label() const noexcept { return token().label; }
  const std::string& pin() const noexcept { return token().pin; }
  const std::string& so_pin() const noexcept { return token().so_pin; }
  std::string pin_source() const { return token().pin_source(); }

  /// The temporary folder; tests may put more into it.
  const std::filesystem::path& folder() const noexcept { return workspace_.path(); }
  std::filesystem::path token_folder() const { return workspace_ / "tokens"; }
  std::filesystem::path configuration() const { return workspace_ / "softhsm2.conf"; }
  /// keystore.toml: `[modules.softhsm]` with path and SOFTHSM2_CONF; a test may append to it.
  std::filesystem::path keystore_configuration() const { return workspace_ / "keystore.toml"; }

 private:
  Workspace workspace_;
  EnvironmentGuard softhsm_environment_;
  EnvironmentGuard keystore_environment_;
  std::deque<Token> tokens_;
};

}  // namespace keystore::testing
