#include "tools/fetch_options.h"

namespace keystore::cli {

void add_fetch_options(CLI::App& command, FetchLine& options) {
  auto& wanted = options.wanted;
  command.add_flag("--aia", wanted.issuers,
                   "Fetch missing intermediates from where certificates name them");
  auto* ocsp =
      command.add_flag("--ocsp", wanted.ocsp, "Ask the OCSP responders that certificates name");
  command
      .add_flag("--ocsp-nonce", wanted.ocsp_nonce,
                "Take no OCSP response without the nonce that was sent")
      ->needs(ocsp);
  command.add_flag("--fetch-crl", wanted.crls,
                   "Fetch the CRLs that certificates name, where OCSP tells nothing");
  command.add_option("--timeout", options.timeout_s, "Longest time of one request; default 5")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 600));
  command.add_flag("--allow-private-addresses", wanted.allow_private_addresses,
                   "Fetch from addresses that are not public, too");
}

verify::FetchOptions fetch_of(const FetchLine& options) {
  auto fetch = options.wanted;
  if (options.timeout_s) fetch.timeout = std::chrono::seconds(*options.timeout_s);
  return fetch;
}

}  // namespace keystore::cli
