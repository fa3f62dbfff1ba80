#pragma once

#include <optional>
#include <string>

#include "keystore/backend.h"
#include "keystore/secret.h"

namespace keystore::pem {

/// The passphrase of one file: asked at the first need and then kept.
class Passphrase {
 public:
  /// `uri` may name its source. All three are borrowed.
  Passphrase(const Uri& uri, const OpenOptions& options, const std::string& path)
      : uri_(uri), options_(options), path_(path) {}

  /// Borrowed. Errors: as read_pin(); a failure is kept as well.
  Result<const Secret*> get() {
    if (!answer_) {
      answer_ = read_pin(uri_, options_, {.what = PinRequest::What::passphrase, .object = path_});
    }
    if (!*answer_) return Failure(answer_->error());
    return &**answer_;
  }

 private:
  const Uri& uri_;
  const OpenOptions& options_;
  const std::string& path_;
  std::optional<Result<Secret>> answer_ = {};
};

}  // namespace keystore::pem
