#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/openssl/tls/pkey.h"
#include "keystore/api.h"
#include "keystore/backend.h"
#include "keystore/identity.h"
#include "keystore/result.h"

// OpenSSL's own headers are not needed to include this one.
struct ssl_ctx_st;
struct ssl_st;

namespace keystore::openssl {

enum class Role { server, client };

/// Where an identity comes from.
struct IdentitySource {
  /// URI of a private key in any store, or of key and certificates together: "keystore:web",
  /// "/etc/ssl/web.pem", "pkcs11:token=prod;object=web".
  std::string key = {};
  /// URI of the store with the certificate and its issuers; empty: where the key is.
  std::string certificates = {};
  /// An identity that is there already, and shown in place of what the URIs name. A Rotator loads
  /// it from them all the same; without `key` it stays.
  std::optional<Identity> ready = {};
  /// PINs and configuration for these URIs; not set: TlsOptions::open.
  std::optional<OpenOptions> open = {};
};

/// Whether a server asks its clients for a certificate. Whatever is shown must be good.
enum class ClientCertificate { none, optional, required };

/// Which certificates of a peer's path must not be on a CRL.
enum class Revocation { none, leaf, chain };

/// What becomes of a certificate for which there is no CRL in force (RFC 5280, 6.3).
enum class NoStatus {
  refused,   ///< hard
  accepted,  ///< soft: only what is known to be revoked is refused
};

enum class ProtocolVersion { tls1_2, tls1_3 };

struct TlsOptions {
  Role role = Role::server;
  /// Says what is shown, and leaves all else as the application has it: versions, ciphers, and whom
  /// it believes. `trust`, `crls`, `host` and `client_certificate` are then not for this context.
  bool identities_only = false;

  /// What is shown to peers. A server chooses by the name that the client asks for (RFC 6066, 3):
  /// certificates that name it, else wildcards, else the first identity; a client by the issuers
  /// that the server lists, else the first. Identities with keys of different types that fit alike
  /// are offered side by side, and the peer's signature schemes decide. Servers need one at least.
  std::vector<IdentitySource> identities = {};

  /// URIs of the stores with the trust anchors: files, folders, `system:` (OpenSSL's default
  /// folder, /etc/ssl/certs on Debian). Empty: `system:` for clients; servers that ask for
  /// certificates must name theirs.
  std::vector<std::string> trust = {};
  ClientCertificate client_certificate = ClientCertificate::none;  ///< servers

  /// Clients: the DNS name or IP address that the server's certificate must hold (RFC 9525: as
  /// subjectAltName, the common name does not count). Empty: each connection says its own, by
  /// set_host(); a connection that does not is refused.
  std::string host = {};
  bool any_host = false;  ///< clients: whoever holds a trusted certificate will do

  Revocation revocation = Revocation::none;
  NoStatus no_status = NoStatus::refused;
  std::vector<std::string> crls = {};  ///< files of X.509 CRLs, PEM or DER

  /// Narrowed further to what the keys can sign: no TLS 1.3 with an RSA key without PSS.
  ProtocolVersion min_version = ProtocolVersion::tls1_2;
  ProtocolVersion max_version = ProtocolVersion::tls1_3;
  std::string tls12_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";  ///< as openssl-ciphers(1)
  std::string tls13_ciphersuites = {};                        ///< empty: OpenSSL's

  OpenOptions open = {};               ///< PINs and configuration for all of these URIs
  ossl_lib_ctx_st* lib_ctx = nullptr;  ///< that `context` was made with; null: the default one
};

/// Sets up `context` (from SSL_CTX_new, before its first SSL_new) for what `options` say. Keys and
/// certificates are proven to match by their public keys; a reference (DESIGN.md, section 6) is
/// loaded without its token. The context itself holds no key: each connection gets it during its
/// handshake, which is what lets a Rotator change it. Takes these callbacks of the context: client
/// hello (servers), certificate, certificate verification. A verify callback of the application
/// (SSL_CTX_set_verify, SSL_set_verify) is still called; a server name callback may choose another
/// context that was set up here (SSL_set_SSL_CTX).
///
/// Peers are judged in full handshakes. A server resumes a client's session only while trust, CRLs
/// and demands are as they were, so that a Rotator's new CRL counts at once; a CRL that runs out
/// counts when the session does (SSL_CTX_set_timeout, 5 minutes). A client that keeps sessions
/// (SSL_set_session) drops them itself when its Rotator reports new trust.
///
/// Errors: key_mismatch naming key and certificate; access_denied for a certificate that is not for
/// this purpose; not_trusted for one that is not valid now; invalid_argument (options); as open(),
/// Store::identity(), pkey(). `context` must not be used after a failure.
KEYSTORE_API Result<void> configure(ssl_ctx_st* context, const TlsOptions& options);

/// Whom this connection of a client talks to: a DNS name (sent to the server as well, RFC 6066, 3)
/// or an IP address. Before the handshake. Errors: invalid_argument.
KEYSTORE_API Result<void> set_host(ssl_st* connection, std::string_view host);

}  // namespace keystore::openssl
