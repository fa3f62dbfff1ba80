// tls_server with Botan in place of OpenSSL, whose 2.19 speaks TLS 1.2. Renewed certificates are
// shown without a restart here as well, where KEY, CERTIFICATES and CLIENT-CA are files.
//
//   tls_server_botan PORT KEY [CERTIFICATES [CLIENT-CA]]
#include <arpa/inet.h>
#include <botan/auto_rng.h>
#include <botan/tls_policy.h>
#include <botan/tls_server.h>
#include <botan/tls_session_manager.h>
#include <botan/x509_dn.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "keystore/botan/botan.h"
#include "keystore/store.h"
#include "keystore/uri.h"

namespace kb = keystore::botan;

namespace {

volatile std::sig_atomic_t ended = 0;

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

struct Names {
  std::string key, certificates, client_ca;  ///< URIs or paths; the last two may be empty
};

keystore::Identity load_identity(const Names& names) {
  const auto keys = kb::value_of(keystore::open(names.key));
  if (names.certificates.empty()) return kb::value_of(keys.identity());
  const auto certificates = kb::value_of(keystore::open(names.certificates));
  return kb::value_of(certificates.identity_of(kb::value_of(keys.key())));
}

/// What clients are shown and asked for, as the files are that it comes from.
class Shown {
 public:
  explicit Shown(Names names) : names_(std::move(names)), loaded_(state()), seen_(loaded_) {
    load();
  }

  Botan::Credentials_Manager& credentials() const { return *credentials_; }

  /// Loads files that have changed, and not since the last look. Where that fails, what was there
  /// before stays.
  void look() {
    const auto before = std::exchange(seen_, state());
    if (seen_ == loaded_ || seen_ != before) return;
    loaded_ = seen_;
    try {
      std::clog << "'" << names_.key << "' is in use as it is now: " << load() << std::endl;
    } catch (const std::exception& problem) {
      std::clog << "'" << names_.key << "' stays in use as it was: " << problem.what() << std::endl;
    }
  }

 private:
  /// The subject. A key that does not sign is not taken.
  std::string load() {
    const auto identity = load_identity(names_);
    kb::value_of(identity.prove());
    std::vector<std::shared_ptr<Botan::Certificate_Store>> trusted;
    if (!names_.client_ca.empty()) {
      const auto authorities = kb::value_of(keystore::open(names_.client_ca));
      trusted.push_back(kb::certificate_store(authorities, keystore::Purpose::client));
    }
    credentials_ = kb::credentials({identity}, trusted);
    return identity.leaf().subject();
  }

  /// Tells one state of the files from another; tokens are not asked.
  std::string state() const {
    std::string all;
    for (const auto& name : {names_.key, names_.certificates, names_.client_ca}) {
      const auto uri = keystore::Uri::parse(name);
      struct stat file = {};
      if (!uri || (uri->scheme() != "file" && uri->scheme() != "pfx")) continue;
      if (stat(uri->path().c_str(), &file) != 0) continue;
      for (const auto part : {static_cast<long>(file.st_ino), static_cast<long>(file.st_size),
                              file.st_mtim.tv_sec, file.st_mtim.tv_nsec}) {
        all += std::to_string(part) + " ";
      }
    }
    return all;
  }

  Names names_;
  std::string loaded_, seen_;
  std::unique_ptr<Botan::Credentials_Manager> credentials_ = {};
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
  Shown shown({.key = words[2],
               .certificates = count > 3 ? words[3] : "",
               .client_ca = count > 4 ? words[4] : ""});
  const Policy policy(count > 4);
  Botan::AutoSeeded_RNG rng;

  const int listener = listen_on(words[1]);
  if (listener < 0) {
    std::cerr << "tls_server: cannot listen on port " << words[1] << "\n";
    return 1;
  }
  std::signal(SIGTERM, [](int) { ended = 1; });
  std::signal(SIGINT, [](int) { ended = 1; });
  while (!ended) {
    pollfd waiting = {listener, POLLIN, 0};
    const bool called = poll(&waiting, 1, /*ms*/ 200) > 0;
    shown.look();
    const int client = called ? accept(listener, nullptr, nullptr) : -1;
    if (client < 0) continue;
    const timeval patience = {.tv_sec = 5, .tv_usec = 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    try {
      answer(client, shown.credentials(), policy, rng);
    } catch (const std::exception& problem) {
      std::cerr << "tls_server: " << problem.what() << "\n";
    }
    close(client);
  }
  close(listener);
  return 0;
} catch (const kb::Exception& problem) {
  std::cerr << "tls_server: " << problem.error().message << "\n";
  if (!problem.error().hint.empty()) std::cerr << "hint: " << problem.error().hint << "\n";
  return 1;
}
