#pragma once

#include <string>

#include "keystore/backend.h"
#include "tools/options.h"

namespace keystore::cli {

/// A private key on a token, to be kept in a file that only a key of the token can open.
struct WrappedExport {
  std::string source = {};
  SecretOption pin = {};
  std::string file = {};
  std::string wrap_key = {};
  bool force = false;
};

/// Describes what the file holds. Errors: unsupported (no token), as KeyWrapper::wrap, io,
/// already_exists.
Result<Entry> export_wrapped(const WrappedExport& request);

struct WrappedImport {
  std::string file = {};
  std::string destination = {};
  SecretOption pin = {};
  std::string wrap_key = {};
  NewObject object = {};
};

/// Errors: malformed and unsupported (the file, the store), as KeyWrapper::unwrap.
Result<Entry> import_wrapped(const WrappedImport& request);

/// Errors: invalid_argument when `source` is a file that only a wrapping key opens.
Result<void> refuse_wrapped(const std::string& source);

}  // namespace keystore::cli
