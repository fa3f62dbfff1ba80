#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "keystore/store.h"
#include "tests/support/workspace.h"

namespace keystore::testing {

/// What every encrypted file made by tests/data/make.sh is encrypted with.
inline constexpr std::string_view test_passphrase = "open sesame";

/// A file made by tests/data/make.sh.
inline std::filesystem::path test_file(std::string_view name) {
  const char* source = std::getenv("KEYSTORE_SOURCE");
  return std::filesystem::path(source == nullptr ? "." : source) / "tests/data/pem" / name;
}

/// Nothing of the user's configuration.
inline OpenOptions plain_options() { return {.config = std::make_shared<Config>()}; }

inline OpenOptions with_passphrase(std::string passphrase = std::string(test_passphrase)) {
  OpenOptions options = plain_options();
  options.pin = [passphrase](const PinRequest&) { return Secret::copy_of(passphrase); };
  return options;
}

/// Throws when it cannot be opened.
inline Store open_path(const std::filesystem::path& path,
                       const OpenOptions& options = plain_options()) {
  return open(Uri::from_path(path.string()), options).value();
}

/// Text for a failure message.
template <class T>
std::string why(const Result<T>& result) {
  if (result) return "no error";
  return std::string(to_string(result.error().code)) + ": " + result.error().message;
}

/// The code of a failure; nothing when there was none.
template <class T>
std::optional<Errc> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

}  // namespace keystore::testing
