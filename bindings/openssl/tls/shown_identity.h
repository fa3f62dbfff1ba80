#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "bindings/openssl/tls/configure.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/sign_spec.h"

namespace keystore::openssl {

/// An identity that was found fit for its purpose, in the forms that libssl takes. Immutable.
struct ShownIdentity {
  Identity identity;
  PkeyPtr key;
  X509Ptr leaf;
  X509sPtr chain;
  std::vector<SignatureScheme> schemes;  ///< what the key signs in TLS where it lives, best first
  std::vector<std::string> names;        ///< of hosts, in lower case; "*.example.org"

  /// Whether libssl keeps both keys apart, so that a connection can offer both.
  bool goes_beside(const ShownIdentity& other) const;
  /// Whether one of the schemes is allowed in TLS 1.3 (RFC 8446, 4.2.3).
  bool signs_tls1_3() const;
};

using ShownIdentityPtr = std::shared_ptr<const ShownIdentity>;

/// Errors: access_denied (purpose), not_trusted (validity), unsupported (a key that signs nothing
/// that TLS uses), as pkey().
Result<ShownIdentityPtr> show(const Identity& identity, Role role, std::chrono::sys_seconds at,
                              OSSL_LIB_CTX* lib_ctx);

/// "ecdsa_secp256r1_sha256:…", as SSL_set1_sigalgs_list takes it.
std::string scheme_list(const std::vector<SignatureScheme>& schemes);

X509Ptr to_x509(const Certificate& certificate);

}  // namespace keystore::openssl
