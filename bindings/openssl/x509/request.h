#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/certificate.h"
#include "keystore/key.h"
#include "keystore/result.h"

/// Certificate requests and certificates, signed by any key, wherever it lives.
namespace keystore::openssl {

/// What a certificate shall say of its holder.
struct RequestSpec {
  /// "/CN=web/O=Example" or "CN=web,O=Example"; may be empty where there are names.
  std::string subject = {};
  /// The same as DER of a Name, where it shall be exactly that; instead of `subject`.
  Bytes subject_der = {};
  /// "dns:example.org", "ip:192.0.2.1", "email:a@b", "uri:…".
  std::vector<std::string> names = {};
};

/// A PKCS#10 request (RFC 2986) as DER. RSA keys sign with SHA-256 and PKCS#1 (PSS where the key is
/// restricted to it), EC keys with the digest of their size, Ed25519 and Ed448 purely. May ask for
/// a PIN and block for a touch on the token. Errors: invalid_argument (subject, names), unsupported
/// (key type), as Key::sign.
KEYSTORE_API Result<Bytes> make_request(const Key& key, const RequestSpec& spec);

/// Whether all of `spec` can stand in a request, before a key is made or opened for it. Errors:
/// invalid_argument, naming the part.
KEYSTORE_API Result<void> check_holder(const RequestSpec& spec);

/// The names alone, as in RequestSpec. Errors: invalid_argument, naming the one that is off.
KEYSTORE_API Result<void> check_names(std::span<const std::string> names);

/// What `certificate` says of its holder, for a new request with the same or another key.
KEYSTORE_API RequestSpec renewal_of(const Certificate& certificate);

/// `der` as a PEM block "CERTIFICATE REQUEST".
KEYSTORE_API std::string request_to_pem(BytesView der);

}  // namespace keystore::openssl
