#include "tools/issuers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "keystore/verify/fetch.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/stores.h"

namespace keystore::cli {

void IssuerOptions::add_to(CLI::App& command) {
  command.add_option("--chain", stores, "Where issuers are that SRC lacks")
      ->type_name("URI")
      ->take_all();
  command.add_flag("--aia", aia, "Fetch issuers that are missing from where the certificates say");
  command.add_flag("--allow-private-addresses", allow_private_addresses,
                   "--aia may ask hosts of loopback and private networks");
}

Result<std::vector<Certificate>> IssuerOptions::find(const std::vector<Certificate>& leaves,
                                                     const std::vector<Certificate>& known) const {
  std::vector<Certificate> found;
  for (const auto& store : stores) {
    auto some = open_certificates(store, {});
    if (!some) return some;
    std::ranges::move(*some, std::back_inserter(found));
  }
  if (!aia) return found;
  const auto trust = verify::system_trust();
  if (!trust) return Failure(trust.error());
  verify::Fetcher fetcher({.issuers = true, .allow_private_addresses = allow_private_addresses});
  verify::Material material{.intermediates = known};
  material.intermediates.insert(material.intermediates.end(), found.begin(), found.end());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const Waiting waiting("fetching issuers");
  for (const auto& leaf : leaves) {
    // Whether it is trusted here and now is not the question, only how far its path goes.
    const auto verdict =
        verify::verify(leaf, material, *trust, {.second_opinion = false}, now, fetcher);
    if (!verdict) return Failure(verdict.error());
    for (const auto& missed : verdict->not_fetched) print_warning(missed.message);
    found.insert(found.end(), verdict->path.begin(), verdict->path.end());
  }
  return found;
}

}  // namespace keystore::cli
