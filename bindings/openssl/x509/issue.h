#pragma once

#include <chrono>
#include <string_view>

#include "bindings/openssl/x509/request.h"
#include "keystore/identity.h"

namespace keystore::openssl {

/// What a certificate is for; decides basic constraints, key usage and extended key usage
/// (RFC 5280, 4.2.1).
enum class Purpose { server, client, ca };

/// Errors: invalid_argument, naming the words that are known.
KEYSTORE_API Result<Purpose> parse_purpose(std::string_view text);

/// What a new certificate says beside its key.
struct IssueSpec {
  /// A subject or names that are empty: the request's. A server without any name is named by its
  /// common name, where that is a host name.
  RequestSpec holder = {};
  Purpose purpose = Purpose::server;
  std::chrono::sys_seconds not_before = {};
  /// Not longer than the issuer's own certificate.
  std::chrono::sys_seconds not_after = {};
};

/// A certificate for `key`, signed by itself. Errors: as make_request().
KEYSTORE_API Result<Certificate> self_sign(const Key& key, const IssueSpec& spec);

/// A certificate for the key of `request` (PKCS#10, PEM or DER), whose own signature is checked
/// first. Errors: malformed (the request or its signature), invalid_argument (the issuer's
/// certificate is no CA or ends before `not_after`), as make_request().
KEYSTORE_API Result<Certificate> issue(const Identity& issuer, BytesView request,
                                       const IssueSpec& spec);

}  // namespace keystore::openssl
