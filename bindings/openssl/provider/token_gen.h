#pragma once

#include <openssl/core.h>

#include <optional>
#include <string>

#include "bindings/openssl/provider/key_object.h"
#include "keystore/backend.h"

namespace keystore::provider {

/// The parameter that names the token, "keystore_uri": `openssl genpkey -pkeyopt
/// keystore_uri:pkcs11:token=prod;object=web`. Without it keys are generated in software.
inline constexpr const char* uri_param = "keystore_uri";

/// What a key shall be that is generated where uri_param says.
struct TokenGeneration {
  std::optional<std::string> uri = {};
  std::size_t rsa_bits = 2048;  ///< OpenSSL's default
  std::string group = {};       ///< EC; OpenSSL's name of the curve

  /// Notes what `params` say. Errors: unsupported (RSA with other primes or another exponent than
  /// tokens are asked for).
  Result<void> set(const OSSL_PARAM params[]);
  /// Makes the key; its PIN comes from the URI or the configuration, because nobody can be asked
  /// here. Errors: as Generator::generate_key, invalid_argument (no curve), unsupported.
  Result<MaterialPtr> run(const Provider& provider, KeyKind kind) const;

 private:
  Result<KeySpec> spec(KeyKind kind) const;
  bool usual_rsa_ = true;
};

}  // namespace keystore::provider
