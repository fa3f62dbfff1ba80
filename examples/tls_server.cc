// A TLS server whose key may be anywhere, and which shows renewed certificates without a restart.
//
//   tls_server PORT KEY [CERTIFICATES [CLIENT-CA]]
//
//   tls_server 8443 keystore:web
//   tls_server 8443 /etc/ssl/web.key /etc/ssl/web.pem
//   tls_server 8443 'pkcs11:token=prod;object=web?pin-source=file:/etc/pin' /etc/ssl/web.pem
//
// CERTIFICATES is for keys that have theirs elsewhere; with CLIENT-CA, clients must show one too.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "keystore/log.h"
#include "keystore/openssl/tls.h"

namespace tls = keystore::openssl;

namespace {

int listen_on(const char* port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  return bind(listener, any, sizeof(address)) == 0 && listen(listener, 64) == 0 ? listener : -1;
}

void answer(SSL* connection) {
  char request[4096];
  if (SSL_accept(connection) != 1 || SSL_read(connection, request, sizeof(request)) <= 0) {
    ERR_print_errors_fp(stderr);
    return;
  }
  char name[256] = "nobody";
  if (auto* client = SSL_get0_peer_certificate(connection)) {
    X509_NAME_oneline(X509_get_subject_name(client), name, sizeof(name));
  }
  const auto text = "HTTP/1.0 200 OK\r\n\r\nHello, " + std::string(name) + "\n";
  SSL_write(connection, text.data(), static_cast<int>(text.size()));
  SSL_shutdown(connection);
}

int fail(const keystore::Error& error) {
  std::cerr << "tls_server: " << error.message << "\n";
  if (!error.hint.empty()) std::cerr << "hint: " << error.hint << "\n";
  return 1;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3 || count > 5) {
    std::cerr << "usage: tls_server PORT KEY [CERTIFICATES [CLIENT-CA]]\n";
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  keystore::set_log_sink(
      [](keystore::LogLevel, std::string_view line) { std::clog << line << "\n"; });

  tls::TlsOptions options{
      .identities = {{.key = words[2], .certificates = count > 3 ? words[3] : ""}}};
  if (count > 4) {
    options.trust = {words[4]};
    options.client_certificate = tls::ClientCertificate::required;
  }
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  SSL_CTX_free);
  if (const auto done = tls::configure(context.get(), options); !done) return fail(done.error());
  const auto rotator = tls::Rotator::start(context.get());
  if (!rotator) return fail(rotator.error());

  const int listener = listen_on(words[1]);
  if (listener < 0) {
    std::cerr << "tls_server: cannot listen on port " << words[1] << "\n";
    return 1;
  }
  for (;;) {
    const int client = accept(listener, nullptr, nullptr);
    if (client < 0) continue;
    const timeval patience = {.tv_sec = 5, .tv_usec = 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const std::unique_ptr<SSL, decltype(&SSL_free)> connection(SSL_new(context.get()), SSL_free);
    SSL_set_fd(connection.get(), client);
    answer(connection.get());
    close(client);
  }
}
