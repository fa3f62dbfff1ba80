#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "keystore/backend.h"
#include "tools/context.h"

namespace keystore::cli {

/// A secret source from the command line; parsed when asked for.
struct SecretOption {
  std::string text = {};  ///< empty: not given

  /// Errors: invalid_argument.
  Result<std::optional<SecretSource>> source() const;
  /// The secret itself; empty when the option was not given. Errors: as SecretSource::read.
  Result<std::optional<Secret>> read(const PinRequest& request) const;
};

/// `--json`
void add_json(CLI::App& command, Context& context);
/// `name SRC`, say "--pin".
void add_secret(CLI::App& command, const std::string& name, SecretOption& option,
                const std::string& help);
/// The last lines of `--help`.
void add_example(CLI::App& command, const std::string& lines);

/// How the command opens stores: `pin` where it was given, else a question on the terminal.
/// Errors: invalid_argument.
Result<OpenOptions> open_options(const SecretOption& pin);

}  // namespace keystore::cli
