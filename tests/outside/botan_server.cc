// botan_server PORT KEY CA: greets clients that CA issued over TLS, with the key and certificate
// that the URI names.
#include <arpa/inet.h>
#include <botan/auto_rng.h>
#include <botan/tls_policy.h>
#include <botan/tls_server.h>
#include <botan/tls_session_manager.h>
#include <keystore/botan/botan.h>
#include <keystore/store.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace kb = keystore::botan;

struct Policy : Botan::TLS::Policy {
  bool require_cert_revocation_info() const override { return false; }
  bool require_client_certificate_authentication() const override { return true; }
};

struct Connection : Botan::TLS::Callbacks {
  int socket = -1;
  bool asked = false;
  void tls_emit_data(const uint8_t data[], size_t size) override {
    if (send(socket, data, size, MSG_NOSIGNAL) < 0) asked = true;
  }
  void tls_record_received(uint64_t, const uint8_t[], size_t) override { asked = true; }
  void tls_alert(Botan::TLS::Alert) override {}
  bool tls_session_established(const Botan::TLS::Session&) override { return true; }
};

int main(int, char** words) try {
  const auto identity = kb::value_of(kb::value_of(keystore::open(words[2])).identity());
  const auto credentials =
      kb::credentials({identity}, {kb::certificate_store(kb::value_of(keystore::open(words[3])))});
  Botan::AutoSeeded_RNG rng;
  Botan::TLS::Session_Manager_Noop sessions;
  Policy policy;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(std::stoi(words[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
  listen(listener, 8);
  for (;;) {
    Connection connection;
    connection.socket = accept(listener, nullptr, nullptr);
    try {
      Botan::TLS::Server server(connection, sessions, *credentials, policy, rng);
      uint8_t part[4096];
      for (ssize_t size = 1; size > 0 && !connection.asked;) {
        size = recv(connection.socket, part, sizeof part, 0);
        if (size > 0) server.received_data(part, static_cast<size_t>(size));
      }
      if (server.is_active()) server.send("HTTP/1.0 200 OK\r\n\r\nhello\n");
      server.close();
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "%s\n", problem.what());
    }
    close(connection.socket);
  }
} catch (const kb::Exception& problem) {
  std::fprintf(stderr, "%d: %s\n", static_cast<int>(problem.code()), problem.what());
  return 1;
}
