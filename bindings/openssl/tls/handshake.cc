#include "bindings/openssl/tls/handshake.h"

#include <openssl/err.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "keystore/bytes.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/log.h"

namespace keystore::openssl {
namespace {

ContextState& state_in(void* argument) { return *static_cast<ContextState*>(argument); }

bool use(SSL* connection, const ShownIdentity& shown) {
  return SSL_use_cert_and_key(connection, shown.leaf.get(), shown.key.get(), shown.chain.get(),
                              1) == 1;
}

bool use(SSL* connection, const std::vector<ShownIdentityPtr>& identities) {
  return std::ranges::all_of(identities, [&](const auto& each) { return use(connection, *each); });
}

std::size_t number(BytesView two) { return std::size_t{two[0]} << 8 | two[1]; }

/// The host_name of a server_name extension (RFC 6066, 3); libssl itself refuses malformed ones.
std::string_view asked_name(SSL* connection) {
  constexpr std::size_t header = 5;  // list length, type, name length
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_server_name, &data, &size) != 1) return {};
  const BytesView extension(data, size);
  if (size < header || extension[2] != TLSEXT_NAMETYPE_host_name) return {};
  const auto length = number(extension.subspan(3, 2));
  return length + header <= size ? as_text(extension.subspan(header, length)) : std::string_view();
}

// The first callback of a handshake: version and schemes are not settled yet.
int on_client_hello(SSL* connection, int* alert, void* argument) noexcept {
  *alert = SSL_AD_INTERNAL_ERROR;
  try {
    const auto& state = state_in(argument);
    const auto now = state.current();
    const auto& offer = now->identities.for_name(asked_name(connection));
    if (!use(connection, offer.identities)) return SSL_CLIENT_HELLO_ERROR;
    if (SSL_set1_sigalgs_list(connection, offer.schemes.c_str()) != 1)
      return SSL_CLIENT_HELLO_ERROR;
    if (!offer.tls1_3) SSL_set_max_proto_version(connection, TLS1_2_VERSION);
    if (state.options().client_certificate != ClientCertificate::none) {
      // Who got a session under another trust or CRL is judged anew.
      const auto& sessions = now->trust->session_context;
      SSL_set_session_id_context(connection, sessions.data(),
                                 static_cast<unsigned>(sessions.size()));
      SSL_set_client_CA_list(connection, SSL_dup_CA_list(now->trust->names.get()));
    }
    return SSL_CLIENT_HELLO_SUCCESS;
  } catch (...) {
    return SSL_CLIENT_HELLO_ERROR;
  }
}

// After the server name callback of the application, which may have chosen another context: that
// has no certificate of its own.
int on_certificate_choice(SSL* connection, void* argument) noexcept {
  if (SSL_get_certificate(connection) != nullptr) return 1;
  try {
    const auto now = state_in(argument).current();
    const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    return use(connection, now->identities.for_name(name != nullptr ? name : "").identities) ? 1
                                                                                             : 0;
  } catch (...) {
    return 0;
  }
}

// Called when a server asked for a certificate, and its issuers are known.
int on_certificate_request(SSL* connection, void* argument) noexcept {
  try {
    const auto now = state_in(argument).current();
    return use(connection, now->identities.for_issuers(SSL_get0_peer_CA_list(connection))) ? 1 : 0;
  } catch (...) {
    return 0;
  }
}

int on_peer_certificate(X509_STORE_CTX* given, void* argument) noexcept {
  try {
    const auto& state = state_in(argument);
    return verify_peer(given, *state.current()->trust, state.options());
  } catch (...) {
    X509_STORE_CTX_set_error(given, X509_V_ERR_UNSPECIFIED);
    return 0;
  }
}

}  // namespace

void install_callbacks(SSL_CTX* context, ContextState& state) {
  if (state.options().role == Role::server) {
    SSL_CTX_set_client_hello_cb(context, on_client_hello, &state);
    SSL_CTX_set_cert_cb(context, on_certificate_choice, &state);
  } else if (!state.current()->identities.all().empty()) {
    SSL_CTX_set_cert_cb(context, on_certificate_request, &state);
  }
  if (!state.options().identities_only) {
    SSL_CTX_set_cert_verify_callback(context, on_peer_certificate, &state);
  }
}

Result<void> try_on(SSL_CTX* context, const IdentityTable& table) {
  for (const auto& each : table.all()) {
    const OpensslErrorMark mark;
    const SslPtr connection(SSL_new(context));
    if (connection && use(connection.get(), *each)) continue;
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return Failure(error_from_openssl(
        Errc::refused_by_policy, "OpenSSL does not take the certificate of '" +
                                     each->identity.leaf().subject() + "' with key '" +
                                     each->identity.key().uri().canonical() +
                                     "': " + (reason != nullptr ? reason : "no reason given")));
  }
  return {};
}

}  // namespace keystore::openssl
