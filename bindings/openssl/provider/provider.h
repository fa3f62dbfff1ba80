#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include "bindings/openssl/provider/core.h"
#include "bindings/openssl/provider/digests.h"

namespace keystore::provider {

/// Where this code runs. The two names sort after "default", so that a provider list that OpenSSL
/// sorts by name keeps `default` in front.
enum class Flavour {
  module,    ///< keystore.so, "keystore": loaded by a configuration file
  built_in,  ///< "keystore-app": added to its own process by an application
};

/// Offers X25519 and X448, in the provider's section of openssl.cnf: off unless switched on there,
/// because every program pays for each algorithm that a provider offers. There and not in our own
/// configuration, because programs that use no key of ours shall not have to read that.
inline constexpr const char* montgomery_switch = "montgomery";

/// One loaded instance: what OpenSSL calls the provider context. Immutable but for caches.
class Provider {
 public:
  Provider(const OSSL_CORE_HANDLE* handle, const Core& core, Flavour flavour)
      : handle_(handle),
        core_(core),
        flavour_(flavour),
        montgomery_(core.switched_on(handle, montgomery_switch)) {}

  const OSSL_CORE_HANDLE* handle() const noexcept { return handle_; }
  const Core& core() const noexcept { return core_; }
  Flavour flavour() const noexcept { return flavour_; }
  /// Whether X25519 and X448 are offered.
  bool montgomery() const noexcept { return montgomery_; }
  const Digests& digests() const noexcept { return digests_; }

 private:
  const OSSL_CORE_HANDLE* handle_;
  Core core_;
  Flavour flavour_;
  bool montgomery_;
  Digests digests_;
};

/// The name that OpenSSL knows the provider by.
const char* name_of(Flavour flavour) noexcept;

/// The body of OSSL_provider_init (provider(7)). Loads no module and touches no token.
int init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
         void** provider_context, Flavour flavour) noexcept;

}  // namespace keystore::provider
