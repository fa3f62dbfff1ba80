// A TLS client that knows whom it talks to, and shows its own certificate where it is asked.
//
//   tls_client HOST PORT CA [KEY [CERTIFICATES]]
//
//   tls_client www.example.org 443 system:
//   tls_client db.example.org 8443 /etc/ssl/ca.pem keystore:client
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <iostream>
#include <memory>
#include <string>

#include "keystore/log.h"
#include "keystore/openssl/tls.h"

namespace tls = keystore::openssl;

namespace {

int fail(const keystore::Error& error) {
  std::cerr << "tls_client: " << error.message << "\n";
  if (!error.hint.empty()) std::cerr << "hint: " << error.hint << "\n";
  return 1;
}

}  // namespace

int main(int count, char** words) {
  if (count < 4 || count > 6) {
    std::cerr << "usage: tls_client HOST PORT CA [KEY [CERTIFICATES]]\n";
    return 2;
  }
  const std::string host = words[1];
  keystore::set_log_sink(
      [](keystore::LogLevel, std::string_view line) { std::clog << line << "\n"; });

  tls::TlsOptions options{.role = tls::Role::client, .trust = {words[3]}};
  if (count > 4)
    options.identities = {{.key = words[4], .certificates = count > 5 ? words[5] : ""}};
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  if (const auto done = tls::configure(context.get(), options); !done) return fail(done.error());

  const std::unique_ptr<BIO, decltype(&BIO_free_all)> network(BIO_new_ssl_connect(context.get()),
                                                              BIO_free_all);
  SSL* connection = nullptr;
  BIO_get_ssl(network.get(), &connection);
  BIO_set_conn_hostname(network.get(), host.c_str());
  BIO_set_conn_port(network.get(), words[2]);
  if (const auto done = tls::set_host(connection, host); !done) return fail(done.error());

  const auto request = "GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n";
  if (BIO_puts(network.get(), request.c_str()) <= 0) {
    ERR_print_errors_fp(stderr);
    return 1;
  }
  char part[4096];
  bool answered = false;
  for (int size; (size = BIO_read(network.get(), part, sizeof(part))) > 0; answered = true) {
    std::cout.write(part, size);
  }
  if (!answered) ERR_print_errors_fp(stderr);  // in TLS 1.3 a server refuses us after our part
  return answered ? 0 : 1;
}
