#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "keystore/internal/fd.h"
#include "keystore/result.h"
#include "keystore/verify/doctor/tls_address.h"

namespace keystore::verify::doctor {

/// A TCP connection on which nothing waits after its time limit. One thread.
class Connection {
 public:
  /// Tries the addresses of the host one after the other. Errors: not_found (no such host),
  /// unavailable, timed_out.
  static Result<Connection> open(const TlsAddress& address, std::chrono::milliseconds limit);

  int fd() const noexcept { return fd_.get(); }
  const std::string& peer() const noexcept { return peer_; }

  /// Errors: timed_out.
  Result<void> wait_readable() const;
  Result<void> wait_writable() const;
  /// All of it. Errors: unavailable, timed_out.
  Result<void> write(std::string_view octets) const;
  /// One octet, so that nothing of what follows is taken. Errors: unavailable, timed_out.
  Result<char> read_octet() const;
  /// A line without its end, of at most 4096 octets. Errors: as read_octet(), malformed.
  Result<std::string> read_line() const;

 private:
  Connection(Fd fd, std::string peer, std::chrono::steady_clock::time_point deadline)
      : fd_(std::move(fd)), peer_(std::move(peer)), deadline_(deadline) {}

  Result<void> wait(short events) const;

  Fd fd_;
  std::string peer_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace keystore::verify::doctor
