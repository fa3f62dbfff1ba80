#pragma once

#include <optional>
#include <string>

#include "tests/support/server.h"
#include "tests/support/token_fixture.h"

namespace keystore::testing {

/// The software token of opencryptoki, with a daemon (pkcsslotd) of its own. The places that
/// opencryptoki has built in (/var/lib/opencryptoki, /etc/opencryptoki, /run, /dev/shm) are laid
/// over with the test's folder in a mount namespace of this process, and its System V shared memory
/// is in an IPC namespace: neither sees nor touches what the machine has. Whoever makes one must be
/// root, and make it before other threads. Throws std::runtime_error when something does not start.
class OpenCryptoki : public TokenFixture {
 public:
  /// With one token initialised.
  explicit OpenCryptoki(std::string_view label = "test");

  /// Whether everything is installed.
  static bool available();
  /// Why this process may not make one though it is installed; empty: it may.
  static std::string forbidden();
  /// Absolute path of libopencryptoki.so.0; empty: not installed.
  static std::filesystem::path module_path();

 private:
  void lay_over_built_in_places();
  void start_daemon();
  void initialise(const Token& token);

  std::optional<Server> daemon_;
};

}  // namespace keystore::testing
