#pragma once

#include "keystore/certificate.h"
#include "keystore/internal/lazy.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore {

/// What few ask for is made when it is asked for: a verdict on a path needs none of it, nor does a
/// store of trust with its many anchors.
struct Certificate::Parsed {
  Bytes der = {};
  std::chrono::sys_seconds not_before = {};
  std::chrono::sys_seconds not_after = {};
  OSSL_LIB_CTX* ctx = nullptr;  ///< of the process that parsed it
  X509Ptr x509 = {};
  Lazy<std::string> subject = {};
  Lazy<std::string> issuer = {};
  Lazy<Bytes> subject_der = {};
  Lazy<Bytes> issuer_der = {};
  Lazy<std::string> serial = {};
  Lazy<std::vector<std::string>> names = {};
  Lazy<bool> is_ca = {};
  Lazy<Result<PublicKey>> public_key = {};
};

/// OpenSSL's form, parsed in private_lib_ctx(): shared, so it is to be left as it is. A forked
/// child parses again, as the inherited one holds locks. Null only without memory.
KEYSTORE_API X509Ptr x509_of(const Certificate& certificate);
/// What another library context holds, parsed in ours. Errors: malformed.
KEYSTORE_API Result<Certificate> certificate_of(const X509* x509);

}  // namespace keystore
