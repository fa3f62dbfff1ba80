#pragma once

#include <openssl/core.h>

#include <atomic>
#include <memory>
#include <thread>

#include "keystore/secret_source.h"

namespace keystore::provider {

/// The passphrase callback of one load, as a PinCallback. OpenSSL's pointer is good during that
/// load alone, while stores keep their callback for later: afterwards, and on other threads, it
/// answers that there is nobody to ask.
class LoadPassphrase {
 public:
  LoadPassphrase(OSSL_PASSPHRASE_CALLBACK* ask, void* argument);
  ~LoadPassphrase();
  LoadPassphrase(const LoadPassphrase&) = delete;
  LoadPassphrase& operator=(const LoadPassphrase&) = delete;

  /// Empty when the program gave none.
  PinCallback callback() const;

 private:
  struct Asker;
  std::shared_ptr<Asker> asker_;
};

}  // namespace keystore::provider
