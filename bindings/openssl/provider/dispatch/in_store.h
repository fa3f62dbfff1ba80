#pragma once

#include <utility>

#include "keystore/internal/openssl_error.h"

namespace keystore::provider {

/// Runs what may reach a module, whose own use of libcrypto leaves errors in the queue of this
/// thread even when it succeeds (SoftHSM does). They are dropped; a failure comes back as a Result.
template <class Call>
auto in_store(Call&& call) {
  const OpensslErrorMark mark;
  return std::forward<Call>(call)();
}

}  // namespace keystore::provider
