#pragma once

#include "keystore/verify/doctor/tokens.h"

namespace keystore::verify::doctor {

/// Opens what targets name and looks at the tokens behind it.
class Stores {
 public:
  explicit Stores(const CheckOptions& options);

  /// Gathers what the target shows; what is wrong with its token, PIN or file goes into its report.
  void examine(Target& target);

 private:
  /// Whether the tokens that the URI leads to can be asked.
  bool tokens_usable(const Uri& uri, TargetReport& report);
  void take(Evidence evidence, Target& target);

  CheckOptions options_;
  Patience patience_;
  Tokens tokens_;
};

}  // namespace keystore::verify::doctor
