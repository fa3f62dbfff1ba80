#pragma once

#include <optional>
#include <span>
#include <string>

#include "bindings/openssl/x509/issue.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::openssl {

struct ExtensionSpec {
  Purpose purpose = Purpose::server;
  const PublicKey& key;
  std::span<const std::string> names = {};
  bool anonymous = false;  ///< the subject is empty: the names are critical
  BytesView issuer_key_id = {};
};

/// Basic constraints, key usage, extended key usage, names and the two key identifiers (RFC 5280,
/// 4.2.1). Errors: invalid_argument (names), internal.
Result<void> add_extensions(X509* certificate, const ExtensionSpec& spec);

/// The subject key identifier that `certificate` says, if any.
std::optional<Bytes> key_id_of(const Certificate& certificate);

}  // namespace keystore::openssl
