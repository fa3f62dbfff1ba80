#pragma once

#include <atomic>
#include <memory>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore {

/// A key of OpenSSL's in private_lib_ctx() that a forked child makes again: the inherited one holds
/// locks (of RSA blinding, say) that another thread may have had at the fork. Any thread.
class ProcessPkey {
 public:
  ProcessPkey() = default;
  ~ProcessPkey() { const std::unique_ptr<const Made> newest(newest_.load()); }
  ProcessPkey(const ProcessPkey&) = delete;
  ProcessPkey& operator=(const ProcessPkey&) = delete;

  /// This process's key, made by `make` where there is none yet. Null when that fails.
  template <class Make>
  EVP_PKEY* get(Make make) const {
    const auto* newest = newest_.load(std::memory_order_acquire);
    if (newest != nullptr && newest->ctx == private_lib_ctx()) [[likely]]
      return newest->pkey.get();
    return add(newest, make());
  }

 private:
  /// Inherited ones are kept, to be wiped with the rest.
  struct Made {
    OSSL_LIB_CTX* ctx;
    EvpPkeyPtr pkey;
    std::unique_ptr<const Made> inherited;
  };

  EVP_PKEY* add(const Made* inherited, EvpPkeyPtr pkey) const;

  mutable std::atomic<const Made*> newest_ = nullptr;
};

}  // namespace keystore
