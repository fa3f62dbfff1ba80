#include "tests/bindings/openssl/tls_handshake.h"

#include <openssl/err.h>

namespace keystore::testing {
namespace {

std::string errors() {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  ERR_print_errors(memory.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string scheme_of_peer(SSL* connection) {
  int type = NID_undef, digest = NID_undef;
  SSL_get_peer_signature_type_nid(connection, &type);
  SSL_get_peer_signature_nid(connection, &digest);
  const std::string name = type == EVP_PKEY_RSA_PSS ? "RSA-PSS"
                           : type == EVP_PKEY_RSA   ? "RSA"
                           : type == EVP_PKEY_EC    ? "ECDSA"
                                                    : OBJ_nid2sn(type);
  return digest == NID_undef ? name : name + "+" + OBJ_nid2sn(digest);
}

std::string verdict(SSL* connection) {
  return X509_verify_cert_error_string(SSL_get_verify_result(connection));
}

}  // namespace

std::string common_name(const X509* x509) {
  char name[100] = {};
  if (x509 != nullptr) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, name, sizeof(name));
  }
  return name;
}

Context::Context(const openssl::TlsOptions& options)
    : context(SSL_CTX_new(options.role == openssl::Role::server ? TLS_server_method()
                                                                : TLS_client_method())),
      configured(openssl::configure(context.get(), options)) {}

Handshake shake_hands(SSL_CTX* server, SSL_CTX* client, const std::function<void(SSL*)>& prepare) {
  ERR_clear_error();
  const SslPtr accepting(SSL_new(server)), connecting(SSL_new(client));
  BIO *a = nullptr, *b = nullptr;
  BIO_new_bio_pair(&a, 0, &b, 0);
  SSL_set_bio(accepting.get(), a, a);
  SSL_set_bio(connecting.get(), b, b);
  SSL_set_accept_state(accepting.get());
  SSL_set_connect_state(connecting.get());
  if (prepare) prepare(connecting.get());

  Handshake result;
  for (int i = 0; i < 20 && !result.done; ++i) {
    const int from_client = SSL_do_handshake(connecting.get());
    const int from_server = SSL_do_handshake(accepting.get());
    result.done = from_client == 1 && from_server == 1;
  }
  // Takes the tickets of TLS 1.3, which come after the handshake.
  char octet = 0;
  if (result.done) SSL_peek(connecting.get(), &octet, 1);
  result.server_shown = common_name(SSL_get0_peer_certificate(connecting.get()));
  result.client_shown = common_name(SSL_get0_peer_certificate(accepting.get()));
  result.scheme = scheme_of_peer(connecting.get());
  result.version = SSL_version(connecting.get());
  result.client_verdict = verdict(connecting.get());
  result.server_verdict = verdict(accepting.get());
  result.errors = errors();
  // Closed in order, so that the session can be resumed.
  for (auto* each : {connecting.get(), accepting.get()}) {
    SSL_set_shutdown(each, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
  return result;
}

}  // namespace keystore::testing
