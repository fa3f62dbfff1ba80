#include "keystore/internal/process_pkey.h"

namespace keystore {

EVP_PKEY* ProcessPkey::add(const Made* inherited, EvpPkeyPtr pkey) const {
  if (pkey == nullptr) return nullptr;
  auto made = std::make_unique<Made>(Made{private_lib_ctx(), std::move(pkey), nullptr});
  const auto* first = inherited;
  if (!newest_.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) {
    return first->pkey.get();
  }
  // Nobody but the destructor looks at it.
  made->inherited.reset(inherited);
  return made.release()->pkey.get();
}

}  // namespace keystore
