#pragma once

#include "keystore/certificate.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore {

struct Certificate::Parsed {
  Bytes der = {};
  std::string subject = {};
  std::string issuer = {};
  Bytes subject_der = {};
  Bytes issuer_der = {};
  std::string serial = {};
  std::chrono::sys_seconds not_before = {};
  std::chrono::sys_seconds not_after = {};
  std::vector<std::string> names = {};
  bool is_ca = false;
  Result<PublicKey> public_key;
  OSSL_LIB_CTX* ctx = nullptr;  ///< of the process that parsed it
  X509Ptr x509 = {};
};

/// OpenSSL's form, parsed in private_lib_ctx(): shared, so it is to be left as it is. A forked
/// child parses again, as the inherited one holds locks. Null only without memory.
KEYSTORE_API X509Ptr x509_of(const Certificate& certificate);
/// What another library context holds, parsed in ours. Errors: malformed.
KEYSTORE_API Result<Certificate> certificate_of(const X509* x509);

}  // namespace keystore
