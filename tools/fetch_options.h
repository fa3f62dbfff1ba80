#pragma once

#include <CLI/App.hpp>
#include <optional>

#include "keystore/verify/fetch.h"

namespace keystore::cli {

/// What may be got from the network, as it stands on the command line.
struct FetchLine {
  verify::FetchOptions wanted = {};  ///< what needs no conversion
  std::optional<unsigned> timeout_s = {};
};

/// `--aia`, `--ocsp`, `--fetch-crl` and their bounds.
void add_fetch_options(CLI::App& command, FetchLine& options);

verify::FetchOptions fetch_of(const FetchLine& options);

}  // namespace keystore::cli
