#pragma once

#include "bindings/c/ks_verify.h"
#include "keystore/verify/fetch.h"

namespace keystore::c {

/// What a ks_verify_options asks. Making it ends the guard where it makes no sense.
struct PathQuestion {
  verify::VerifyOptions options = {};
  verify::Material material = {};
  std::optional<verify::Trust> trust = {};  ///< not set: the operating system's
  std::chrono::sys_seconds at = {};
  verify::FetchOptions fetch = {};
};
PathQuestion path_question(const ks_verify_options* given);

}  // namespace keystore::c
