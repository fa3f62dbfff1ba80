#pragma once

#include <memory>

#include "tests/support/server.h"
#include "tests/support/softhsm.h"

namespace keystore::testing {

/// A SoftHSM token behind `p11-kit server`: the module here is p11-kit-client.so, which speaks to
/// the server through a socket in the fixture's folder; there, a process for each client has
/// SoftHSM loaded. Throws std::runtime_error when it cannot be started.
class P11KitToken : public SoftHsm {
 public:
  P11KitToken();

  static bool available();
  static std::filesystem::path client_path();

  /// Ends the server and all who serve its clients, as a crash of their machine does.
  void kill_server();
  void start_server();

 private:
  std::filesystem::path socket() const { return folder() / "p11-kit.socket"; }

  std::unique_ptr<Server> server_;
};

}  // namespace keystore::testing
