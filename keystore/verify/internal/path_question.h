#pragma once

#include <chrono>
#include <span>

#include "keystore/verify/internal/member.h"
#include "keystore/verify/internal/ocsp.h"
#include "keystore/verify/verify.h"

namespace keystore::verify {

/// A path with everything that it is judged by. All borrowed.
struct PathQuestion {
  const CandidatePath& path;
  std::span<const MemberPtr> others = {};  ///< certificates that may have signed one of `crls`
  std::span<const X509CrlPtr> crls = {};
  std::span<const OcspStatus> ocsp = {};  ///< one for each member of the path
  const VerifyOptions& options;
  Purpose purpose;
  std::chrono::sys_seconds at;
};

}  // namespace keystore::verify
