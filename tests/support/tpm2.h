#pragma once

#include <optional>

#include "tests/support/server.h"
#include "tests/support/token_fixture.h"

namespace keystore::testing {

/// tpm2-pkcs11 on a TPM in software: swtpm, and in front of it the resource manager tpm2-abrmd on a
/// message bus, all three this test's own and on sockets in its folder. (Without a resource manager
/// tpm2-pkcs11 1.9 soon fills the TPM's few places for keys.) Throws std::runtime_error when one of
/// them does not start.
class Tpm2 : public TokenFixture {
 public:
  /// With one token, made as a user makes one: by tpm2_ptool.
  explicit Tpm2(std::string_view label = "test");

  /// Whether everything is installed.
  static bool available();
  /// Absolute path of libtpm2_pkcs11.so; empty: not installed.
  static std::filesystem::path module_path();

 private:
  void start_tpm();
  void start_bus();
  void start_resource_manager();

  EnvironmentGuard store_;
  EnvironmentGuard bus_address_;
  EnvironmentGuard module_transport_;
  EnvironmentGuard tools_transport_;
  std::optional<Server> tpm_;
  std::optional<Server> bus_;
  std::optional<Server> resource_manager_;
};

}  // namespace keystore::testing
