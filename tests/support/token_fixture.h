#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/workspace.h"

namespace keystore::testing {

/// A module as keystore.toml tells of it.
struct ModuleSettings {
  std::filesystem::path path = {};
  std::map<std::string, std::string> env = {};
  std::string args = {};
};

/// A real token for this test process alone: a temporary folder with all that it keeps and a
/// keystore.toml that names its module, KEYSTORE_CONFIG set to it while this object lives. What it
/// needs running is started by it and ends with it. Make it before the first token is opened, one
/// of a kind for a process: modules read their surroundings once.
///
/// A new kind is a class in a file of its own here, whose constructor calls configure() and
/// add_named() and throws std::runtime_error when the token cannot be made, and a row in
/// tests/conformance/real_tokens.cc.
class TokenFixture {
 public:
  struct Token {
    std::string label;
    std::string pin;
    std::string so_pin;
    std::filesystem::path pin_file;  ///< holds the PIN, 0600

    /// "pkcs11:token=LABEL", and ";object=OBJECT" when there is one. Blanks of the label, which is
    /// ours, are all that is percent-encoded.
    std::string uri(std::string_view object = {}) const;
    /// "file:PIN_FILE", as in `--pin` and `pin-source=`.
    std::string pin_source() const { return "file:" + pin_file.string(); }
  };

  virtual ~TokenFixture() = default;
  TokenFixture(const TokenFixture&) = delete;
  TokenFixture& operator=(const TokenFixture&) = delete;

  /// Of the first token.
  const Token& token() const noexcept { return tokens_.front(); }
  std::string uri(std::string_view object = {}) const { return token().uri(object); }
  const std::string& label() const noexcept { return token().label; }
  const std::string& pin() const noexcept { return token().pin; }
  const std::string& so_pin() const noexcept { return token().so_pin; }
  std::string pin_source() const { return token().pin_source(); }

  /// The temporary folder; tests may put more into it.
  const std::filesystem::path& folder() const noexcept { return workspace_.path(); }
  /// Names the module; a test may append to it.
  std::filesystem::path keystore_configuration() const { return workspace_ / "keystore.toml"; }

 protected:
  TokenFixture();

  /// Writes keystore.toml.
  void configure(const ModuleSettings& module);
  /// One more token, made by the caller under that name; the PIN file is written here.
  const Token& add_named(std::string_view label, std::string_view pin, std::string_view so_pin);

 private:
  Workspace workspace_;
  EnvironmentGuard keystore_environment_;
  std::deque<Token> tokens_;
};

/// Where Debian puts a shared library of that name: the folders of this machine's architecture and
/// `subfolder` in them. Empty: nowhere.
std::filesystem::path find_shared_library(std::string_view name, std::string_view subfolder = {});

}  // namespace keystore::testing
