#pragma once

#include <string>
#include <string_view>

#include "keystore/result.h"

namespace keystore::cli {

/// The sections of an openssl.cnf that say which providers are loaded; where a file has none, the
/// names that we add.
struct CnfSections {
  std::string init = "keystore_init";
  std::string providers = "keystore_providers";
  std::string default_provider = "keystore_default_provider";
};

/// Those of `file`. Errors: malformed when OpenSSL cannot read it.
Result<CnfSections> read_sections(const std::string& file);

/// A configuration that activates `default`, then the provider at `module`, and says why where a
/// provider cannot be loaded. It is whole on its own, and extends `sections` when included.
/// `montgomery`: it shall offer X25519 and X448.
std::string provider_cnf(const std::string& module, const CnfSections& sections, bool montgomery);

/// keystore.cnf beside `file`.
std::string included_file(const std::string& file);
/// The lines that make OpenSSL read `included`, an empty one in front.
std::string include_lines(const std::string& included);
/// `text` with the lines at its end, or as it is where it has them.
std::string with_include(std::string_view text, const std::string& included);
/// `text` as it was before, octet by octet, or as it is where it has no such lines.
std::string without_include(std::string_view text, const std::string& included);

}  // namespace keystore::cli
