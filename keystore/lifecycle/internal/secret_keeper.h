#pragma once

#include <memory>
#include <optional>

#include "keystore/backend.h"
#include "keystore/uri.h"

namespace keystore::lifecycle {

/// Reads the PIN (or passphrase) of one move when it is first needed and answers all later
/// questions with it: a person is asked once. One thread at a time.
class SecretKeeper {
 public:
  /// `uri` as it was given, with its own pin-source or pin-value.
  SecretKeeper(Uri uri, OpenOptions options) : uri_(std::move(uri)), options_(std::move(options)) {}

  Result<Secret> read(const PinRequest& request);
  /// The options to open a store with: the same configuration, PINs from `keeper`.
  static OpenOptions options_of(const std::shared_ptr<SecretKeeper>& keeper);

 private:
  const Uri uri_;
  const OpenOptions options_;
  std::optional<Result<Secret>> answer_;
};

}  // namespace keystore::lifecycle
