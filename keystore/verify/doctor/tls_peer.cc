#include "keystore/verify/doctor/tls_peer.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <poll.h>

#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/store.h"
#include "keystore/verify/doctor/connection.h"
#include "keystore/verify/doctor/no_pipe_signal.h"
#include "keystore/verify/doctor/starttls.h"

namespace keystore::verify::doctor {
namespace {

SslCtxPtr make_context(OSSL_LIB_CTX* library, TlsPeer& peer);
Result<void> show_identity(SSL_CTX* context, OSSL_LIB_CTX* library, const CheckOptions& options);
int collect(X509_STORE_CTX* context, void* peer);
int note_request(SSL* ssl, void* peer);
Result<void> drive(SSL* ssl, const Connection& connection, int (*step)(SSL*));
void note_answer(SSL* ssl, const Connection& connection, TlsPeer& peer);
std::string reason();

}  // namespace

Result<TlsPeer> ask_peer(const TlsAddress& address, const std::string& name,
                         const CheckOptions& options) {
  const OpensslErrorMark mark;
  const NoPipeSignal quiet;
  // The configuration of the host's OpenSSL may load our own provider.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  const OsslLibCtxPtr library(OSSL_LIB_CTX_new());
  TlsPeer peer;
  const auto context = library ? make_context(library.get(), peer) : nullptr;
  if (!context) return Failure(error_from_openssl(Errc::internal, "OpenSSL makes no TLS context"));
  if (!options.identity.empty()) {
    auto shown = show_identity(context.get(), library.get(), options);
    if (!shown) return Failure(shown.error());
  }
  const auto connection = Connection::open(address, options.time_limit);
  if (!connection) return Failure(connection.error());
  if (auto started = start_tls(*connection, options.starttls); !started) {
    return Failure(started.error());
  }
  const SslPtr ssl(SSL_new(context.get()));
  if (!ssl || SSL_set_fd(ssl.get(), connection->fd()) != 1) {
    return Failure(error_from_openssl(Errc::internal, "OpenSSL makes no TLS connection"));
  }
  if (!name.empty()) SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  SSL_set_tlsext_status_type(ssl.get(), TLSEXT_STATUSTYPE_ocsp);
  auto shaken = drive(ssl.get(), *connection, SSL_connect);
  const unsigned char* stapled = nullptr;
  const auto size = SSL_get_tlsext_status_ocsp_resp(ssl.get(), &stapled);
  if (stapled != nullptr && size > 0) peer.stapled.assign(stapled, stapled + size);
  if (shaken && peer.wants_certificate) note_answer(ssl.get(), *connection, peer);
  if (!shaken && peer.certificates.empty()) return Failure(shaken.error());
  if (!shaken) peer.refusal = shaken.error();
  if (shaken) SSL_shutdown(ssl.get());
  return peer;
}

namespace {

/// Takes whatever the server offers: it is to be judged, not refused.
SslCtxPtr make_context(OSSL_LIB_CTX* library, TlsPeer& peer) {
  SslCtxPtr context(SSL_CTX_new_ex(library, nullptr, TLS_client_method()));
  if (!context) return context;
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_cipher_list(context.get(), "ALL");
  SSL_CTX_set_options(context.get(), SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), collect, &peer);
  SSL_CTX_set_cert_cb(context.get(), note_request, &peer);
  return context;
}

Result<void> show_identity(SSL_CTX* context, OSSL_LIB_CTX* library, const CheckOptions& options) {
  const auto store = open(options.identity, options.open);
  if (!store) return Failure(store.error());
  const auto identity = store->identity();
  if (!identity) return Failure(identity.error());
  if (!options.make_pkey) {
    return fail(Errc::invalid_argument,
                "an identity needs something that makes OpenSSL use its key");
  }
  const auto pkey = options.make_pkey(identity->key(), library);
  if (!pkey) return Failure(pkey.error());
  const auto parse = [library](const Certificate& certificate) {
    auto* made = X509_new_ex(library, nullptr);
    const auto* start = certificate.der().data();
    d2i_X509(&made, &start, static_cast<long>(certificate.der().size()));
    return X509Ptr(made);
  };
  const X509sPtr chain(sk_X509_new_null());
  for (const auto& issuer : identity->chain()) {
    if (auto x509 = parse(issuer)) sk_X509_push(chain.get(), x509.release());
  }
  const auto leaf = parse(identity->leaf());
  if (SSL_CTX_use_cert_and_key(context, leaf.get(), pkey->get(), chain.get(), 1) != 1) {
    return Failure(error_from_openssl(
        Errc::unsupported, fmt::format("OpenSSL does not take the identity {}", options.identity)));
  }
  return {};
}

/// In place of a verification.
int collect(X509_STORE_CTX* context, void* argument) {
  auto& peer = *static_cast<TlsPeer*>(argument);
  auto* chain = X509_STORE_CTX_get0_untrusted(context);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(sk_X509_value(chain, i), &der);
    if (size <= 0) continue;
    const OpensslMemoryPtr<unsigned char> owned(der);
    auto certificate = Certificate::parse({der, static_cast<std::size_t>(size)});
    if (certificate) peer.certificates.push_back(*std::move(certificate));
  }
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

/// Called when the server wants a certificate.
int note_request(SSL*, void* peer) {
  static_cast<TlsPeer*>(peer)->wants_certificate = true;
  return 1;
}

Result<void> drive(SSL* ssl, const Connection& connection, int (*step)(SSL*)) {
  while (true) {
    const OpensslErrorMark mark;
    const int done = step(ssl);
    if (done == 1) return {};
    const int wish = SSL_get_error(ssl, done);
    if (wish == SSL_ERROR_WANT_READ || wish == SSL_ERROR_WANT_WRITE) {
      auto ready =
          wish == SSL_ERROR_WANT_READ ? connection.wait_readable() : connection.wait_writable();
      if (!ready) return ready;
      continue;
    }
    return Failure(error_from_openssl(Errc::unavailable, fmt::format("no TLS handshake with {}: {}",
                                                                     connection.peer(), reason())));
  }
}

/// In TLS 1.3 a server says after our handshake whether it takes our certificate: by a session
/// ticket, an alert, or data.
void note_answer(SSL* ssl, const Connection& connection, TlsPeer& peer) {
  const OpensslErrorMark mark;
  pollfd wanted = {connection.fd(), POLLIN, 0};
  constexpr int patience_ms = 1000;
  if (::poll(&wanted, 1, patience_ms) <= 0) return;
  char octet = 0;
  const int got = SSL_peek(ssl, &octet, 1);
  if (got > 0 || SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ) return;
  peer.refusal = error_from_openssl(
      Errc::access_denied, fmt::format("{} ends the connection: {}", connection.peer(), reason()));
}

/// Of the newest of OpenSSL's errors.
std::string reason() {
  const auto number = ERR_peek_last_error();
  const char* text = number == 0 ? nullptr : ERR_reason_error_string(number);
  return text == nullptr ? "the connection ended" : text;
}

}  // namespace
}  // namespace keystore::verify::doctor
