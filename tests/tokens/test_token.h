#pragma once

#include <filesystem>
#include <string_view>

#include "tests/support/softhsm.h"
#include "tests/tokens/call_counts.h"

namespace keystore::testing {

/// SoftHSM behind the counting module: keystore.toml of `hsm` names our module, and every call that
/// a process of this test makes from then on is counted and can be made to fail.
class TestToken {
 public:
  explicit TestToken(SoftHsm& hsm);

  /// The counting module, built beside the tests.
  static std::filesystem::path module_path();

  CallCounts& counts() noexcept { return counts_; }
  /// From the next call on, in every process (faults.h says how rows look); empty: none.
  void set_faults(std::string_view rows);

 private:
  std::filesystem::path counts_file_;
  std::filesystem::path faults_file_;
  CallCounts counts_;
  EnvironmentGuard real_module_;
  EnvironmentGuard counts_environment_;
  EnvironmentGuard faults_environment_;
};

}  // namespace keystore::testing
