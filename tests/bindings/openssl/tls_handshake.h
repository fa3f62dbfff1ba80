#pragma once

#include <functional>
#include <string>

#include "bindings/openssl/tls/tls.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::testing {

/// A context set up by configure().
struct Context {
  explicit Context(const openssl::TlsOptions& options);
  SSL_CTX* get() const noexcept { return context.get(); }

  SslCtxPtr context;
  Result<void> configured;
};

/// How a handshake in memory ended, seen from both ends.
struct Handshake {
  bool done = false;
  std::string server_shown = {}, client_shown = {};  ///< common names of the leaves; empty: none
  std::string scheme = {};                           ///< of the server's signature: "ECDSA+SHA256"
  int version = 0;
  std::string client_verdict = {}, server_verdict = {};  ///< on the peer's certificate
  std::string errors = {};                               ///< OpenSSL's
};

/// Connects both; `prepare` gets the client's connection first.
Handshake shake_hands(SSL_CTX* server, SSL_CTX* client,
                      const std::function<void(SSL*)>& prepare = {});

std::string common_name(const X509* x509);

}  // namespace keystore::testing
