// tls_server with Botan in place of OpenSSL, whose 2.19 speaks TLS 1.2.
//
//   tls_server_botan PORT KEY [CERTIFICATES [CLIENT-CA]]
#include <arpa/inet.h>
#include <botan/auto_rng.h>
#include <botan/tls_policy.h>
#include <botan/tls_server.h>
#include <botan/tls_session_manager.h>
#include <botan/x509_dn.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "keystore/botan/botan.h"
#include "keystore/store.h"

namespace kb = keystore::botan;

namespace {

/// Clients that are asked for a certificate must show one.
class Policy final : public Botan::TLS::Policy {
 public:
  explicit Policy(bool client_certificate) : client_certificate_(client_certificate) {}
  bool allow_tls10() const override { return false; }
  bool allow_tls11() const override { return false; }
  bool require_cert_revocation_info() const override { return false; }
  bool require_client_certificate_authentication() const override { return client_certificate_; }

 private:
  bool client_certificate_;
};

class Connection final : public Botan::TLS::Callbacks {
 public:
  explicit Connection(int socket) : socket_(socket) {}

  void tls_emit_data(const std::uint8_t data[], std::size_t size) override {
    while (size > 0) {
      const auto sent = send(socket_, data, size, MSG_NOSIGNAL);
      if (sent <= 0) throw Botan::Stream_IO_Error("the client does not read");
      data += sent;
      size -= static_cast<std::size_t>(sent);
    }
  }
  void tls_record_received(std::uint64_t, const std::uint8_t[], std::size_t) override {
    asked_ = true;
  }
  void tls_alert(Botan::TLS::Alert) override {}
  bool tls_session_established(const Botan::TLS::Session& session) override {
    if (!session.peer_certs().empty()) {
      name_ = "/CN=" + session.peer_certs().front().subject_dn().get_first_attribute("CN");
    }
    return true;
  }

  bool asked() const { return asked_; }
  const std::string& name() const { return name_; }

 private:
  int socket_;
  bool asked_ = false;
  std::string name_ = "nobody";
};

void answer(int socket, Botan::Credentials_Manager& credentials, const Policy& policy,
            Botan::RandomNumberGenerator& rng) {
  Connection connection(socket);
  Botan::TLS::Session_Manager_Noop sessions;
  Botan::TLS::Server server(connection, sessions, credentials, policy, rng);
  std::uint8_t part[4096];
  while (!connection.asked() && !server.is_closed()) {
    const auto size = recv(socket, part, sizeof(part), 0);
    if (size <= 0) return;
    server.received_data(part, static_cast<std::size_t>(size));
  }
  if (!connection.asked()) return;
  server.send("HTTP/1.0 200 OK\r\n\r\nHello, " + connection.name() + "\n");
  server.close();
}

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

}  // namespace

int main(int count, char** words) try {
  if (count < 3 || count > 5) {
    std::cerr << "usage: tls_server_botan PORT KEY [CERTIFICATES [CLIENT-CA]]\n";
    return 2;
  }
  const auto keys = kb::value_of(keystore::open(words[2]));
  const auto identity = kb::value_of(
      count > 3 ? kb::value_of(keystore::open(words[3])).identity_of(kb::value_of(keys.key()))
                : keys.identity());
  std::vector<std::shared_ptr<Botan::Certificate_Store>> trusted;
  if (count > 4) {
    const auto authorities = kb::value_of(keystore::open(words[4]));
    trusted.push_back(kb::certificate_store(authorities, keystore::Purpose::client));
  }
  const auto credentials = kb::credentials({identity}, trusted);
  const Policy policy(!trusted.empty());
  Botan::AutoSeeded_RNG rng;

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
    try {
      answer(client, *credentials, policy, rng);
    } catch (const std::exception& problem) {
      std::cerr << "tls_server: " << problem.what() << "\n";
    }
    close(client);
  }
} catch (const kb::Exception& problem) {
  std::cerr << "tls_server: " << problem.error().message << "\n";
  if (!problem.error().hint.empty()) std::cerr << "hint: " << problem.error().hint << "\n";
  return 1;
}
