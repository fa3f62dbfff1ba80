#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

namespace keystore::provider {

/// What libcrypto offers to its providers, taken from the table that it hands to the init function.
struct Core {
  explicit Core(const OSSL_DISPATCH* offered);

  OSSL_FUNC_core_get_params_fn* get_params = nullptr;
  OSSL_FUNC_core_new_error_fn* new_error = nullptr;
  OSSL_FUNC_core_set_error_debug_fn* set_error_debug = nullptr;
  OSSL_FUNC_core_vset_error_fn* vset_error = nullptr;
  OSSL_FUNC_BIO_read_ex_fn* bio_read_ex = nullptr;
  OSSL_FUNC_BIO_write_ex_fn* bio_write_ex = nullptr;
  OSSL_FUNC_BIO_gets_fn* bio_gets = nullptr;
  OSSL_FUNC_BIO_ctrl_fn* bio_ctrl = nullptr;

  /// Every function above was offered.
  bool complete() const noexcept;
  /// Whether the provider's section of openssl.cnf switches `name` on: yes, on, true or 1.
  bool switched_on(const OSSL_CORE_HANDLE* handle, const char* name) const noexcept;
};

}  // namespace keystore::provider
