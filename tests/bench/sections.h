#pragma once

#include <array>
#include <filesystem>
#include <string_view>

#include "tests/bench/report.h"

namespace keystore::bench {

struct Settings {
  std::filesystem::path build;  ///< holds bin/keystore and lib/ossl-modules/keystore.so
  Effort effort = {};
  bool quick = false;
  unsigned pairs = 500;  ///< on the token that is loaded from and listed
};

/// A part of the measurements. Runs in a process of its own: modules, configuration and tokens are
/// opened once in a process.
struct Section {
  std::string_view name;
  std::string_view says;
  void (*run)(const Settings& settings, Report& report);
};

void measure_signing(const Settings& settings, Report& report);
void measure_slow_token(const Settings& settings, Report& report);
void measure_few_sessions(const Settings& settings, Report& report);
void measure_layers(const Settings& settings, Report& report);
void measure_loading(const Settings& settings, Report& report);
void measure_listing(const Settings& settings, Report& report);
void measure_pfx(const Settings& settings, Report& report);
void measure_verify(const Settings& settings, Report& report);
void measure_tls(const Settings& settings, Report& report);
void measure_botan(const Settings& settings, Report& report);
void measure_one_shot(const Settings& settings, Report& report);
void measure_event_loop(const Settings& settings, Report& report);

inline constexpr std::array sections = {
    Section{"sign", "digest-sign on SoftHSM against raw PKCS#11", measure_signing},
    Section{"slow", "a token that takes 1 ms for every call", measure_slow_token},
    Section{"few", "a token with 4 sessions, 16 threads", measure_few_sessions},
    Section{"layers", "a token that signs at once: what the layers above it cost", measure_layers},
    Section{"load", "one key of many by URI", measure_loading},
    Section{"list", "all private keys of a token", measure_listing},
    Section{"pfx", "a PKCS#12 file opened against PKCS12_parse", measure_pfx},
    Section{"verify",
            "server chains against X509_verify_cert, and opening system:", measure_verify},
    Section{"tls", "TLS 1.3 handshakes, both ends in one thread", measure_tls},
    Section{"botan", "TLS 1.2 handshakes of Botan with a token key and its own", measure_botan},
    Section{"oneshot", "openssl pkeyutl -sign as a program of its own", measure_one_shot},
    Section{"async", "an event loop of one thread whose token takes 5 ms", measure_event_loop},
};

}  // namespace keystore::bench
