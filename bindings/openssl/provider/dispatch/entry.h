#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

namespace keystore::provider {

/// A row of a dispatch table. `Function` is OpenSSL's type for it (OSSL_FUNC_…_fn), so that a wrong
/// signature does not compile.
template <class Function>
OSSL_DISPATCH entry(int id, Function* function) noexcept {
  return {id, reinterpret_cast<void (*)()>(function)};
}

inline constexpr OSSL_DISPATCH last_entry = {0, nullptr};

}  // namespace keystore::provider
