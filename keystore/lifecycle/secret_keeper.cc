#include "keystore/lifecycle/internal/secret_keeper.h"

namespace keystore::lifecycle {

Result<Secret> SecretKeeper::read(const PinRequest& request) {
  if (!answer_) answer_ = read_pin(uri_, options_, request);
  if (!*answer_) return Failure(answer_->error());
  return (*answer_)->clone();
}

OpenOptions SecretKeeper::options_of(const std::shared_ptr<SecretKeeper>& keeper) {
  OpenOptions options = keeper->options_;
  options.pin_source.reset();
  options.pin = [keeper](const PinRequest& request) { return keeper->read(request); };
  return options;
}

}  // namespace keystore::lifecycle
