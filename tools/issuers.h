#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "keystore/certificate.h"

namespace keystore::cli {

/// Where issuers are looked for that a chain lacks: the options of `import` and `export`.
struct IssuerOptions {
  std::vector<std::string> stores = {};
  bool aia = false;
  bool allow_private_addresses = false;

  void add_to(CLI::App& command);

  /// Candidates: what the stores hold and, with `aia`, what `leaves` and their issuers name, up to
  /// the root (RFC 5280, 4.2.2.1). What cannot be fetched is a warning. Errors: as open(); not_found
  /// for a store without certificates.
  Result<std::vector<Certificate>> find(const std::vector<Certificate>& leaves,
                                        const std::vector<Certificate>& known) const;
};

}  // namespace keystore::cli
