#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "keystore/backend.h"
#include "keystore/internal/pbe.h"
#include "keystore/secret.h"

namespace keystore::pem {

/// The passphrase of one file: asked at the first need and then kept; and how much work it may cost
/// to use it there.
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
  WorkBudget& budget() noexcept { return budget_; }

 private:
  /// Some two hundred keys as we write them.
  static constexpr std::uint64_t most_work = 120'000'000;

  const Uri& uri_;
  const OpenOptions& options_;
  const std::string& path_;
  std::optional<Result<Secret>> answer_ = {};
  WorkBudget budget_ = WorkBudget(most_work);
};

}  // namespace keystore::pem
