#include "keystore/verify/doctor/connection.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "keystore/internal/openssl_ptr.h"
#include "keystore/verify/doctor/bounded.h"

namespace keystore::verify::doctor {
namespace {

using AddressesPtr = std::shared_ptr<addrinfo>;

Result<AddressesPtr> look_up(const TlsAddress& address, std::chrono::milliseconds limit);
Fd start_connecting(const addrinfo& address);
Result<void> finish_connecting(int fd, const std::string& peer);

Failure failed(const std::string& what, const std::string& peer, int number) {
  return fail(Errc::unavailable, fmt::format("{} {}: {}", what, peer, std::strerror(number)));
}

}  // namespace

Result<Connection> Connection::open(const TlsAddress& address, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const auto peer = fmt::format("{}:{}", address.host, address.port);
  const auto found = look_up(address, limit);
  if (!found) return Failure(found.error());
  Result<Connection> last = fail(Errc::not_found, "there is no host " + address.host);
  for (const auto* at = found->get(); at != nullptr; at = at->ai_next) {
    Connection attempt(start_connecting(*at), peer, deadline);
    if (!attempt.fd_) {
      last = failed("cannot connect to", peer, errno);
      continue;
    }
    auto ready = attempt.wait_writable();
    if (ready) ready = finish_connecting(attempt.fd(), peer);
    if (ready) return attempt;
    last = Failure(ready.error());
    if (ready.error().code == Errc::timed_out) break;
  }
  return last;
}

Result<void> Connection::wait_readable() const { return wait(POLLIN); }
Result<void> Connection::wait_writable() const { return wait(POLLOUT); }

Result<void> Connection::wait(short events) const {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    // A peer that always has something to say does not get more time.
    pollfd wanted = {fd_.get(), events, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&wanted, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready == 0) return fail(Errc::timed_out, peer_ + " does not answer in time");
    if (errno != EINTR) return failed("cannot wait for", peer_, errno);
  }
}

Result<void> Connection::write(std::string_view octets) const {
  while (!octets.empty()) {
    if (auto ready = wait_writable(); !ready) return ready;
    const auto written = ::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN && errno != EINTR) {
      return failed("cannot write to", peer_, errno);
    }
    octets.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return {};
}

Result<char> Connection::read_octet() const {
  while (true) {
    if (auto ready = wait_readable(); !ready) return Failure(ready.error());
    char octet = 0;
    const auto count = ::recv(fd_.get(), &octet, 1, 0);
    if (count == 1) return octet;
    if (count == 0) return fail(Errc::unavailable, peer_ + " closed the connection");
    if (errno != EAGAIN && errno != EINTR) return failed("cannot read from", peer_, errno);
  }
}

Result<std::string> Connection::read_line() const {
  constexpr std::size_t most = 4096;
  std::string line;
  while (line.size() < most) {
    const auto octet = read_octet();
    if (!octet) return Failure(octet.error());
    if (*octet == '\n') {
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    line += *octet;
  }
  return fail(Errc::malformed, peer_ + " sends a line that does not end");
}

namespace {

/// Looking up has no time limit of its own.
Result<AddressesPtr> look_up(const TlsAddress& address, std::chrono::milliseconds limit) {
  const auto found =
      bounded<Result<AddressesPtr>>(Patience(limit), [address]() -> Result<AddressesPtr> {
        addrinfo hints = {};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_ADDRCONFIG | (address.is_numeric() ? AI_NUMERICHOST : 0);
        if (address.is_numeric()) hints.ai_flags &= ~AI_ADDRCONFIG;
        addrinfo* list = nullptr;
        const int code = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &list);
        if (code == 0) return AddressesPtr(list, FreeWith<::freeaddrinfo>());
        const auto why = fmt::format("cannot find host {}: {}", address.host, ::gai_strerror(code));
        return fail(code == EAI_NONAME ? Errc::not_found : Errc::unavailable, why);
      });
  if (!found) return fail(Errc::timed_out, "looking up " + address.host + " takes too long");
  return *found;
}

Fd start_connecting(const addrinfo& address) {
  Fd fd(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                 address.ai_protocol));
  if (!fd) return fd;
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS) {
    return {};
  }
  return fd;
}

Result<void> finish_connecting(int fd, const std::string& peer) {
  int number = 0;
  socklen_t size = sizeof number;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size);
  if (number != 0) return failed("cannot connect to", peer, number);
  return {};
}

}  // namespace
}  // namespace keystore::verify::doctor
