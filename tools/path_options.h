#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/verification.h"

namespace keystore::cli {

/// How a path shall be judged, as it stands on the command line of `verify` and `check`.
struct PathOptions {
  Verification question = {};  ///< what needs no parsing
  std::vector<std::string> trust = {};
  std::string purpose = {};
  std::string profile = "rfc5280";
  std::string crl_check = {};
  std::string at = {};
  std::optional<unsigned> depth = {};
};

/// `--chain`, `--trust`, `--distrust`, `--crl`, `--host`, `--purpose`, `--at`, ….
void add_path_options(CLI::App& command, PathOptions& options);

/// The question that they ask. Errors: invalid_argument.
Result<Verification> question_of(const PathOptions& options);

}  // namespace keystore::cli
