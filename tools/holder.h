#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "bindings/openssl/x509/request.h"

namespace keystore::cli {

/// `--subject` and `--san`: whom a request or certificate names.
struct HolderOptions {
  std::string subject = {};
  std::vector<std::string> names = {};

  void add_to(CLI::App& command);
  /// Internationalised names in their ASCII form. Errors: invalid_argument.
  Result<openssl::RequestSpec> spec() const;
};

/// Writes `pem` to `out` ("-": standard output), and with `json` an object with the member `what`
/// or, for a file, "out".
Result<int> print_pem(const std::string& what, const std::string& pem, const std::string& out,
                      bool force, bool json);

}  // namespace keystore::cli
