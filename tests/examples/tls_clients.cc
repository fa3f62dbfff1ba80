#include "tests/examples/tls_clients.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <vector>

#include "keystore/internal/openssl_ptr.h"

namespace keystore::testing {
namespace {

/// One client, never blocking.
class Client {
 public:
  Client(SSL_CTX* context, std::uint16_t port) : ssl_(SSL_new(context)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS) {
      throw std::runtime_error("nobody listens at the port");
    }
    SSL_set_fd(ssl_.get(), socket_);
    SSL_set_connect_state(ssl_.get());
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// SSL_ERROR_NONE when its handshake is done.
  int go_on() {
    ERR_clear_error();
    return SSL_get_error(ssl_.get(), SSL_do_handshake(ssl_.get()));
  }
  pollfd wants(int error) const {
    return {.fd = socket_, .events = short(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)};
  }

 private:
  SslPtr ssl_;
  int socket_ = -1;
};

}  // namespace

Handshakes shake_hands(std::uint16_t port, unsigned clients, std::chrono::milliseconds time) {
  using Clock = std::chrono::steady_clock;
  const SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  std::vector<std::unique_ptr<Client>> all(clients);
  for (auto& client : all) client = std::make_unique<Client>(context.get(), port);
  std::vector<pollfd> wanted(clients);
  for (std::size_t i = 0; i < clients; ++i) wanted[i] = all[i]->wants(SSL_ERROR_WANT_WRITE);
  Handshakes made;
  const auto start = Clock::now();
  while (Clock::now() - start < time) {
    ::poll(wanted.data(), wanted.size(), 100);
    for (std::size_t i = 0; i < clients; ++i) {
      if (wanted[i].revents == 0) continue;
      auto state = all[i]->go_on();
      if (state != SSL_ERROR_WANT_READ && state != SSL_ERROR_WANT_WRITE) {
        ++(state == SSL_ERROR_NONE ? made.done : made.failed);
        all[i] = std::make_unique<Client>(context.get(), port);
        state = SSL_ERROR_WANT_WRITE;
      }
      wanted[i] = all[i]->wants(state);
    }
  }
  made.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return made;
}

}  // namespace keystore::testing
