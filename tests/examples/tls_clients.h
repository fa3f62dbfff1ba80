#pragma once

#include <chrono>
#include <cstdint>

namespace keystore::testing {

struct Handshakes {
  unsigned done = 0;
  unsigned failed = 0;
  double seconds = 0;

  double per_second() const noexcept { return done / seconds; }
};

/// So many TLS clients at 127.0.0.1:PORT at once, in this thread, for so long: each makes a full
/// handshake, leaves and comes again. Servers are not verified. Throws std::runtime_error where
/// nobody listens.
Handshakes shake_hands(std::uint16_t port, unsigned clients, std::chrono::milliseconds time);

}  // namespace keystore::testing
