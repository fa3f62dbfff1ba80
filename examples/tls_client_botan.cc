// tls_client with Botan in place of OpenSSL, whose 2.19 speaks TLS 1.2.
//
//   tls_client_botan HOST PORT CA [KEY [CERTIFICATES]]
#include <botan/auto_rng.h>
#include <botan/tls_client.h>
#include <botan/tls_policy.h>
#include <botan/tls_session_manager.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "keystore/botan/botan.h"
#include "keystore/store.h"

namespace kb = keystore::botan;

namespace {

class Policy final : public Botan::TLS::Policy {
 public:
  bool allow_tls10() const override { return false; }
  bool allow_tls11() const override { return false; }
  bool require_cert_revocation_info() const override { return false; }
};

class Connection final : public Botan::TLS::Callbacks {
 public:
  explicit Connection(int socket) : socket_(socket) {}

  void tls_emit_data(const std::uint8_t data[], std::size_t size) override {
    while (size > 0) {
      const auto sent = send(socket_, data, size, MSG_NOSIGNAL);
      if (sent <= 0) throw Botan::Stream_IO_Error("the server does not read");
      data += sent;
      size -= static_cast<std::size_t>(sent);
    }
  }
  void tls_record_received(std::uint64_t, const std::uint8_t data[], std::size_t size) override {
    std::cout.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    answered_ = true;
  }
  void tls_alert(Botan::TLS::Alert alert) override {
    if (alert.is_fatal()) std::cerr << "tls_client: " << alert.type_string() << "\n";
  }
  bool tls_session_established(const Botan::TLS::Session&) override { return true; }

  bool answered() const { return answered_; }

 private:
  int socket_;
  bool answered_ = false;
};

int connect_to(const char* host, const char* port) {
  addrinfo* found = nullptr;
  const addrinfo wanted = {.ai_socktype = SOCK_STREAM};
  if (getaddrinfo(host, port, &wanted, &found) != 0) return -1;
  int connected = -1;
  for (const auto* each = found; each != nullptr && connected < 0; each = each->ai_next) {
    const int one = socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, 0);
    if (connect(one, each->ai_addr, each->ai_addrlen) == 0) {
      connected = one;
    } else {
      close(one);
    }
  }
  freeaddrinfo(found);
  return connected;
}

}  // namespace

int main(int count, char** words) try {
  if (count < 4 || count > 6) {
    std::cerr << "usage: tls_client_botan HOST PORT CA [KEY [CERTIFICATES]]\n";
    return 2;
  }
  const std::string host = words[1];
  std::vector<keystore::Identity> identities;
  if (count > 4) {
    const auto keys = kb::value_of(keystore::open(words[4]));
    identities.push_back(kb::value_of(
        count > 5 ? kb::value_of(keystore::open(words[5])).identity_of(kb::value_of(keys.key()))
                  : keys.identity()));
  }
  const auto authorities = kb::value_of(keystore::open(words[3]));
  const auto credentials =
      kb::credentials(identities, {kb::certificate_store(authorities, keystore::Purpose::server)});

  const int socket = connect_to(words[1], words[2]);
  if (socket < 0) {
    std::cerr << "tls_client: cannot connect to " << host << "\n";
    return 1;
  }
  Connection connection(socket);
  Botan::TLS::Session_Manager_Noop sessions;
  Botan::AutoSeeded_RNG rng;
  const Policy policy;
  const Botan::TLS::Server_Information server(host,
                                              static_cast<std::uint16_t>(std::stoi(words[2])));
  Botan::TLS::Client client(connection, sessions, *credentials, policy, rng, server,
                            Botan::TLS::Protocol_Version::TLS_V12);
  bool sent = false;
  std::uint8_t part[4096];
  while (!client.is_closed()) {
    if (client.is_active() && !std::exchange(sent, true)) {
      client.send("GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n");
    }
    const auto size = recv(socket, part, sizeof(part), 0);
    if (size <= 0) break;
    client.received_data(part, static_cast<std::size_t>(size));
  }
  close(socket);
  return connection.answered() ? 0 : 1;
} catch (const kb::Exception& problem) {
  std::cerr << "tls_client: " << problem.error().message << "\n";
  if (!problem.error().hint.empty()) std::cerr << "hint: " << problem.error().hint << "\n";
  return 1;
} catch (const std::exception& problem) {
  std::cerr << "tls_client: " << problem.what() << "\n";
  return 1;
}
