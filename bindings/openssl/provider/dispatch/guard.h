#pragma once

#include <exception>
#include <utility>

#include "bindings/openssl/provider/error.h"
#include "bindings/openssl/provider/provider.h"
#include "keystore/backend.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::provider {

/// Runs the body of a dispatch function: no exception leaves it.
template <class R, class Body>
R guard(const Provider& provider, R failure, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& e) {
    raise(provider, Errc::internal, std::string("unexpected fault: ") + e.what());
  } catch (...) {
    raise(provider, Errc::internal, "unexpected fault");
  }
  return failure;
}

/// As guard(), for what may open a store. On a thread that is inside a module of ours it declines,
/// because the module's own use of libcrypto must not come back to the module. What needs no store
/// is done for it: SoftHSM makes its Edwards keys by whatever provider is preferred.
template <class R, class Body>
R store_guard(const Provider& provider, R failure, Body&& body) noexcept {
  return BackendCall::active() ? failure : guard(provider, failure, std::forward<Body>(body));
}

/// As guard(), where no provider is at hand to raise an error with.
template <class R, class Body>
R quiet_guard(R failure, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    return failure;
  }
}

/// Frees a context of ours; also inside a module, where freeing is harmless.
template <class T>
void destroy(void* object) noexcept {
  delete static_cast<T*>(object);
}

}  // namespace keystore::provider
