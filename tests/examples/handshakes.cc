// handshakes PORT CLIENTS MILLISECONDS: how many TLS handshakes a second a server makes with so
// many clients at once; status 1 when none was made or one failed.
#include <fmt/format.h>

#include <cstdlib>

#include "tests/examples/tls_clients.h"

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const auto made = keystore::testing::shake_hands(static_cast<std::uint16_t>(std::atoi(argv[1])),
                                                   static_cast<unsigned>(std::atoi(argv[2])),
                                                   std::chrono::milliseconds(std::atoi(argv[3])));
  fmt::print("{:.0f} handshakes/s, {} failed\n", made.per_second(), made.failed);
  return made.done > 0 && made.failed == 0 ? 0 : 1;
} catch (const std::exception& problem) {
  fmt::print(stderr, "handshakes: error: {}\n", problem.what());
  return 2;
}
