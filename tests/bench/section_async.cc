#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "tests/bench/contenders.h"
#include "tests/bench/sections.h"
#include "tests/examples/tls_clients.h"
#include "tests/support/server.h"
#include "tests/tokens/test_token.h"

namespace keystore::bench {
namespace {

constexpr unsigned clients = 64;
constexpr std::chrono::milliseconds sign_time(5);

/// Of the loopback address; nobody uses it now.
std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* general = reinterpret_cast<sockaddr*>(&address);
  const bool bound =
      ::bind(socket, general, size) == 0 && ::getsockname(socket, general, &size) == 0;
  ::close(socket);
  require(bound, "bind");
  return ntohs(address.sin_port);
}

/// The key reference with a certificate behind it, as servers read it.
std::filesystem::path combined_pem(const testing::SoftHsm& hsm, const Settings& settings) {
  const auto context = keystore_context(settings.build);
  const auto reference = make_key(hsm, settings.build, ec_subject);
  const auto key = load_pem(reference, context.get());
  const auto certificate = certificate_for(key.get(), context.get());
  const BioPtr memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(memory.get(), certificate.get()) == 1, "PEM_write_bio_X509");
  char* data = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(memory.get(), &data));
  auto path = hsm.folder() / "combined.pem";
  testing::write_text(path, testing::read_text(reference) + std::string(data, size));
  return path;
}

/// Handshakes per second in each round, sorted.
std::vector<double> serve(const testing::SoftHsm& hsm, const Settings& settings,
                          const std::string& configuration, const std::filesystem::path& combined,
                          bool blocking, unsigned workers) {
  testing::write_text(hsm.keystore_configuration(),
                      fmt::format("{}\n[openssl]\nasync_workers = {}\n", configuration, workers));
  const auto port = free_port();
  std::vector<std::string> command = {settings.build / "examples/event_loop_server",
                                      "file:" + combined.string(), std::to_string(port)};
  if (blocking) command.emplace_back("--blocking");
  testing::Server server(command);
  server.wait_until([&] { return server.output().find("ready") != std::string::npos; });
  std::vector<double> rates;
  const std::chrono::milliseconds time(settings.quick ? 1000 : 2000);
  testing::shake_hands(port, clients, time / 2);  // module, login and workers are there
  for (unsigned round = 0; round < (settings.quick ? 1U : 5U); ++round) {
    const auto made = testing::shake_hands(port, clients, time);
    require(made.failed == 0, "a handshake");
    rates.push_back(made.per_second());
  }
  std::ranges::sort(rates);
  return rates;
}

}  // namespace

// Against what so many signatures at once can give: a whole number of workers, each 5 ms.
void measure_event_loop(const Settings& settings, Report& report) {
  testing::SoftHsm hsm("bench");
  const auto combined = combined_pem(hsm, settings);
  testing::TestToken token(hsm);
  token.set_faults(fmt::format("C_Sign delay={}", sign_time.count()));
  const auto configuration = testing::read_text(hsm.keystore_configuration());
  for (const unsigned workers : {1U, 4U, 8U, 16U}) {
    const bool blocking = workers == 1;
    const auto rates = serve(hsm, settings, configuration, combined, blocking, workers);
    const double best = workers / std::chrono::duration<double>(sign_time).count();
    const auto at = [&](std::size_t quarter) { return rates[(rates.size() - 1) * quarter / 4]; };
    const Measured floor = {.name = fmt::format("{} / {} ms", workers, sign_time.count()),
                            .per_second = best,
                            .ratio = 1,
                            .ratio_low = 1,
                            .ratio_high = 1};
    const Measured served = {.name = blocking ? "blocking" : fmt::format("{} workers", workers),
                             .per_second = at(2),
                             .ratio = at(2) / best,
                             .ratio_low = at(1) / best,
                             .ratio_high = at(3) / best};
    report.add(fmt::format("{} clients, {} ms C_Sign", clients, sign_time.count()), 1,
               {floor, served});
  }
}

}  // namespace keystore::bench
