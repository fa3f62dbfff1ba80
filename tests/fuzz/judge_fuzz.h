#pragma once

#include "keystore/verify/verify.h"
#include "tests/fuzz/chain.h"
#include "tests/fuzz/fuzz_target.h"

namespace keystore::verify {

inline constexpr std::chrono::sys_seconds fuzz_time =
    std::chrono::sys_days(std::chrono::year(2030) / std::chrono::January / 1);

/// What is said of the server's certificate of chain.h, with `material` beside it.
inline Verdict judge_chain(const Material& material) {
  static const auto leaf = Certificate::parse_pem(leaf_pem).value();
  static const auto trust = [] {
    Trust root;
    root.add_anchor(Certificate::parse_pem(root_pem).value());
    return root;
  }();
  return verify(leaf, material, trust, {.purpose = Purpose::server, .crl_check = CrlCheck::leaf},
                fuzz_time)
      .value();
}

}  // namespace keystore::verify
