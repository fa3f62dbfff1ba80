// event_loop_server URI PORT [--blocking]: one thread serves any number of TLS clients, and goes on
// with the others while a token signs for one of them. URI names an identity, key and certificates:
// "keystore:web" of the configuration, or "file:/etc/ssl/web.pem" with a key reference in it. With
// --blocking every signature stops the whole server, for comparison. SIGTERM ends it.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "keystore/openssl/tls.h"

namespace {

constexpr std::string_view answer =
    "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";

struct FreeSsl {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};

/// A client. It waits for one thing at a time: its socket, or the descriptor of its signature.
struct Connection {
  enum class Stage { handshake, request, reply, over };

  int socket;
  std::unique_ptr<SSL, FreeSsl> ssl;
  Stage stage = Stage::handshake;
};

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "event_loop_server: error: %s\n", why.c_str());
  std::exit(1);
}

class Server {
 public:
  Server(SSL_CTX* context, std::uint16_t port) : context_(context), loop_(epoll_create1(0)) {
    listen_on(port);
    catch_the_end();
  }

  void run() {
    while (!ends_) {
      std::array<epoll_event, 64> events = {};
      const int count = epoll_wait(loop_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) handle(events.at(static_cast<std::size_t>(i)).data.ptr);
    }
  }

 private:
  void listen_on(std::uint16_t port) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, SOMAXCONN) != 0) {
      die("cannot listen on port " + std::to_string(port));
    }
    watch(listener_, EPOLLIN, &listener_);
  }

  void catch_the_end() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    watch(signalfd(-1, &signals, SFD_CLOEXEC), EPOLLIN, &ends_);
  }

  void handle(void* what) {
    if (what == &listener_) {
      accept_all();
    } else if (what == &ends_) {
      ends_ = true;
    } else {
      go_on(static_cast<Connection*>(what));
    }
  }

  void accept_all() {
    for (;;) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      auto* connection = new Connection{socket, std::unique_ptr<SSL, FreeSsl>(SSL_new(context_))};
      SSL_set_fd(connection->ssl.get(), socket);
      SSL_set_accept_state(connection->ssl.get());
      go_on(connection);
    }
  }

  /// Goes on where it stopped, until it has to wait or is over.
  void go_on(Connection* connection) {
    while (connection->stage != Connection::Stage::over) {
      ERR_clear_error();
      const int result = step(*connection);
      auto* ssl = connection->ssl.get();
      switch (SSL_get_error(ssl, result)) {
        case SSL_ERROR_NONE:
          continue;
        case SSL_ERROR_WANT_READ:
          return watch(connection->socket, EPOLLIN | EPOLLONESHOT, connection);
        case SSL_ERROR_WANT_WRITE:
          return watch(connection->socket, EPOLLOUT | EPOLLONESHOT, connection);
        case SSL_ERROR_WANT_ASYNC:
          // Even if the client leaves now, the job is driven to its end before SSL_free: OpenSSL
          // 3.0 loses what a paused one holds.
          return watch(descriptor_of_signature(ssl), EPOLLIN | EPOLLONESHOT, connection);
        case SSL_ERROR_WANT_ASYNC_JOB:
          // The thread may have no more jobs now; its socket is soon asked again.
          return watch(connection->socket, EPOLLOUT | EPOLLONESHOT, connection);
        default:
          connection->stage = Connection::Stage::over;
      }
    }
    const int socket = connection->socket;
    delete connection;
    close(socket);
  }

  /// The next thing that OpenSSL shall do for this client.
  static int step(Connection& connection) {
    auto* ssl = connection.ssl.get();
    std::array<char, 4096> request = {};
    int result = 0;
    switch (connection.stage) {
      case Connection::Stage::handshake:
        result = SSL_do_handshake(ssl);
        if (result == 1) connection.stage = Connection::Stage::request;
        break;
      case Connection::Stage::request:
        result = SSL_read(ssl, request.data(), request.size());
        if (result > 0) connection.stage = Connection::Stage::reply;
        break;
      case Connection::Stage::reply:
        result = SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
        if (result > 0) connection.stage = Connection::Stage::over;
        if (result > 0) SSL_shutdown(ssl);
        break;
      case Connection::Stage::over:
        break;
    }
    return result;
  }

  static int descriptor_of_signature(SSL* ssl) {
    OSSL_ASYNC_FD descriptor = -1;
    std::size_t count = 0;
    SSL_get_all_async_fds(ssl, nullptr, &count);
    if (count == 1) SSL_get_all_async_fds(ssl, &descriptor, &count);
    return descriptor;
  }

  void watch(int descriptor, std::uint32_t events, void* what) const {
    epoll_event event = {.events = events, .data = {.ptr = what}};
    if (epoll_ctl(loop_, EPOLL_CTL_MOD, descriptor, &event) == 0) return;
    if (epoll_ctl(loop_, EPOLL_CTL_ADD, descriptor, &event) != 0) die("cannot watch a descriptor");
  }

  SSL_CTX* context_;
  int loop_;
  int listener_ = -1;
  bool ends_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) die("usage: event_loop_server URI PORT [--blocking]");
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  SSL_CTX_free);
  const auto done = keystore::openssl::configure(context.get(), {.identities = {{.key = argv[1]}}});
  if (!done) die(done.error().message);
  const bool blocking = argc > 3 && std::string_view(argv[3]) == "--blocking";
  if (!blocking) SSL_CTX_set_mode(context.get(), SSL_MODE_ASYNC);
  std::signal(SIGPIPE, SIG_IGN);
  Server server(context.get(), static_cast<std::uint16_t>(std::atoi(argv[2])));
  std::puts("ready");
  std::fflush(stdout);
  server.run();
  return 0;
}
