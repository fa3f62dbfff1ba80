#pragma once

#include <botan/credentials_manager.h>

#include <exception>
#include <optional>
#include <string>

namespace keystore::testing {

/// How a handshake went for one end.
struct EndOfHandshake {
  bool established = false;
  std::string shown = {};          ///< the common name of the peer's certificate, or nothing
  std::string version = {};        ///< "TLS v1.2"
  std::string alert = {};          ///< the fatal one that the peer sent
  std::exception_ptr thrown = {};  ///< what the end's received_data() threw

  /// Its what(), or nothing.
  std::string problem() const;
};

struct Handshake {
  EndOfHandshake client = {};
  EndOfHandshake server = {};
};

struct HandshakeOptions {
  std::string host = "web.test";  ///< what the client wants
  bool client_must_show = false;  ///< a certificate, to a server that has trust
};

/// Botan's TLS between two programs that have these, without a network.
Handshake shake_hands(Botan::Credentials_Manager& server, Botan::Credentials_Manager& client,
                      const HandshakeOptions& options = {});

}  // namespace keystore::testing
