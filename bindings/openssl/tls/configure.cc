#include "bindings/openssl/tls/configure.h"

#include <openssl/ssl.h>

#include "bindings/openssl/tls/context_state.h"
#include "bindings/openssl/tls/handshake.h"
#include "bindings/openssl/tls/staging.h"
#include "keystore/internal/openssl_error.h"

namespace keystore::openssl {
namespace {

bool judges_peers(const TlsOptions& options) {
  return !options.trust.empty() || !options.crls.empty() || !options.host.empty() ||
         options.any_host || options.revocation != Revocation::none ||
         options.client_certificate != ClientCertificate::none;
}

Result<void> check(const TlsOptions& options) {
  const bool server = options.role == Role::server;
  if (server && options.identities.empty()) {
    return fail(Errc::invalid_argument, "a TLS server needs an identity to show");
  }
  if (options.identities_only && judges_peers(options)) {
    return fail(Errc::invalid_argument,
                "trust, CRLs, host and client certificates are said of a TLS context that is told "
                "its identities only",
                "say them to OpenSSL, or let this call set up all of the context");
  }
  if (server && options.client_certificate != ClientCertificate::none && options.trust.empty()) {
    return fail(Errc::invalid_argument,
                "a TLS server that asks for client certificates needs `trust`",
                "name the file of the authority that issues them; `system:` would let in everybody "
                "who has a certificate of any public authority");
  }
  if (server && (!options.host.empty() || options.any_host)) {
    return fail(Errc::invalid_argument, "a TLS server has no host to verify");
  }
  if (!server && options.client_certificate != ClientCertificate::none) {
    return fail(Errc::invalid_argument, "a TLS client asks for no client certificate");
  }
  if (options.no_status == NoStatus::refused && options.revocation != Revocation::none &&
      options.crls.empty()) {
    return fail(Errc::invalid_argument,
                "revocation is to be checked, and there is no CRL: every peer would be refused",
                "name the files in `crls`");
  }
  return {};
}

Result<SnapshotPtr> load(const TlsOptions& options) {
  std::vector<ShownIdentityPtr> identities;
  for (const auto& source : options.identities) {
    auto shown = load_identity(source, options, now_in_seconds());
    if (!shown) return Failure(shown.error());
    identities.push_back(*std::move(shown));
  }
  PeerTrustPtr trust;
  if (!options.identities_only) {
    auto loaded = load_trust(options);
    if (!loaded) return Failure(loaded.error());
    trust = *std::move(loaded);
  }
  return std::make_shared<const Snapshot>(
      Snapshot{IdentityTable(std::move(identities)), std::move(trust)});
}

int number_of(ProtocolVersion version) {
  return version == ProtocolVersion::tls1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

Result<void> set_protocol(SSL_CTX* context, const TlsOptions& options) {
  const auto max = number_of(options.max_version);
  const auto& suites = options.tls13_ciphersuites;
  if (SSL_CTX_set_min_proto_version(context, number_of(options.min_version)) != 1 ||
      SSL_CTX_set_max_proto_version(context, max) != 1 ||
      options.max_version < options.min_version) {
    return fail(Errc::invalid_argument, "OpenSSL does not take these protocol versions");
  }
  if (SSL_CTX_set_cipher_list(context, options.tls12_ciphers.c_str()) != 1) {
    return fail(Errc::invalid_argument, "no cipher is called '" + options.tls12_ciphers + "'");
  }
  if (!suites.empty() && SSL_CTX_set_ciphersuites(context, suites.c_str()) != 1) {
    return fail(Errc::invalid_argument, "no TLS 1.3 cipher suite is called '" + suites + "'");
  }
  // A client that renegotiates would have a token sign at its pace.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  // Chains are ours; libssl would look for issuers among the anchors for peers.
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  return {};
}

/// What peers may sign with. For servers `sigalgs` is what they sign with themselves, said anew for
/// each connection, and `client_sigalgs` what they take; for clients it is the other way round.
bool set_schemes(SSL_CTX* context, const ContextState& state) {
  const auto peers = scheme_list(modern_schemes());
  if (state.options().role == Role::server) {
    return SSL_CTX_set1_client_sigalgs_list(context, peers.c_str()) == 1;
  }
  const bool theirs = state.options().identities_only;  // the application's affair
  return (theirs || SSL_CTX_set1_sigalgs_list(context, peers.c_str()) == 1) &&
         SSL_CTX_set1_client_sigalgs_list(context, scheme_list(state.schemes()).c_str()) == 1;
}

/// A client cannot know whether it will be asked for a certificate, so it offers only versions in
/// which it could show each.
void narrow_client_version(SSL_CTX* context, const IdentityTable& identities) {
  for (const auto& each : identities.all()) {
    if (!each->signs_tls1_3()) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  }
}

int verify_mode(const TlsOptions& options) {
  if (options.role == Role::client) return SSL_VERIFY_PEER;
  switch (options.client_certificate) {
    case ClientCertificate::none:
      return SSL_VERIFY_NONE;
    case ClientCertificate::optional:
      return SSL_VERIFY_PEER;
    case ClientCertificate::required:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER;
}

/// "[2001:db8::1]" and "example.org." as certificates spell them.
std::string as_certified(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']'))
    return std::string(host.substr(1, host.size() - 2));
  return std::string(host.ends_with('.') ? host.substr(0, host.size() - 1) : host);
}

bool is_address(const std::string& host) {
  return Asn1OctetStringPtr(a2i_IPADDRESS(host.c_str())) != nullptr;
}

/// In place of what was set before. RFC 9525, 6.3: a wildcard is a whole label.
Result<void> set_verified_host(X509_VERIFY_PARAM* param, const std::string& host) {
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(param, nullptr, 0);
  X509_VERIFY_PARAM_set1_ip(param, nullptr, 0);
  if (host.empty()) return {};
  const bool set = is_address(host)
                       ? X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1
                       : X509_VERIFY_PARAM_set1_host(param, host.c_str(), host.size()) == 1;
  if (set) return {};
  return fail(Errc::invalid_argument, "'" + host + "' is no name of a host");
}

}  // namespace

Result<void> configure(SSL_CTX* context, const TlsOptions& options) {
  const OpensslErrorMark mark;
  if (auto sound = check(options); !sound) return sound;
  auto snapshot = load(options);
  if (!snapshot) return Failure(snapshot.error());
  const auto& identities = (*snapshot)->identities;
  if (!options.identities_only) {
    if (auto set = set_protocol(context, options); !set) return set;
  }
  if (auto taken = try_on(context, identities); !taken) return taken;

  const bool server = options.role == Role::server;
  if (!server) narrow_client_version(context, identities);
  auto state = std::make_unique<ContextState>(options, *snapshot);
  install_callbacks(context, *state);
  if (!set_schemes(context, *state) || !tie(context, std::move(state))) {
    return fail(Errc::internal, "OpenSSL does not take the settings of the TLS context");
  }
  if (options.identities_only) return {};
  SSL_CTX_set_verify(context, verify_mode(options), SSL_CTX_get_verify_callback(context));
  const auto& sessions = (*snapshot)->trust->session_context;
  SSL_CTX_set_session_id_context(context, sessions.data(), static_cast<unsigned>(sessions.size()));
  if (server) return {};
  return set_verified_host(SSL_CTX_get0_param(context), as_certified(options.host));
}

Result<void> set_host(SSL* connection, std::string_view host) {
  const OpensslErrorMark mark;
  const auto name = as_certified(host);
  if (name.empty()) return fail(Errc::invalid_argument, "no host was given");
  auto set = set_verified_host(SSL_get0_param(connection), name);
  if (!set || is_address(name)) return set;
  if (SSL_set_tlsext_host_name(connection, name.c_str()) == 1) return {};
  return fail(Errc::invalid_argument, "'" + name + "' is too long for a host");
}

}  // namespace keystore::openssl
