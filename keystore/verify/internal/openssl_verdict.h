#pragma once

#include <chrono>

#include "keystore/verify/internal/member.h"
#include "keystore/verify/verify.h"

namespace keystore::verify {

/// What X509_verify_cert() says of exactly this path.
struct OpensslAnswer {
  OpensslVerdict verdict = {};
  int error = X509_V_OK;
};

/// `others` are certificates that may have signed one of `crls`; both are borrowed.
OpensslAnswer ask_openssl(const CandidatePath& path, std::span<const MemberPtr> others,
                          std::span<const X509CrlPtr> crls, Purpose purpose,
                          const VerifyOptions& options, std::chrono::sys_seconds at);

}  // namespace keystore::verify
