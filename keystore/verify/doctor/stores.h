#pragma once

#include <optional>

#include "keystore/config.h"
#include "keystore/verify/doctor/tokens.h"

namespace keystore::verify::doctor {

/// The identity of the configuration that a `keystore:` URI names. Empty: it names none.
std::optional<IdentityConfig> identity_of(const Uri& uri, const CheckOptions& options);

/// That what is at the URI does not answer.
void say_stuck(const Uri& uri, TargetReport& report);

/// Opens what targets name and looks at the tokens behind it.
class Stores {
 public:
  explicit Stores(const CheckOptions& options);

  /// Gathers what the target shows; what is wrong with its token, PIN or file goes into its report.
  void examine(Target& target);
  /// The same of the first key of an identity as far as it can be seen without a login, which might
  /// use up a try of the PIN, and without asking anybody.
  void glance(const IdentityConfig& identity, Target& target);
  /// The modules and tokens that every URI may lead to.
  void judge_tokens(TargetReport& report) { tokens_.judge_all(report); }

 private:
  /// Whether the tokens that the URI leads to can be asked.
  bool tokens_usable(const Uri& uri, TargetReport& report);
  void take(Evidence evidence, Target& target);
  /// Gathers what is at the URI. Empty: it cannot be read, which the report says.
  std::optional<Evidence> read(const Uri& uri, const OpenOptions& options, TargetReport& report);
  /// What there is to judge where the keys cannot be read: the certificates of an identity.
  void take_rest(const Uri& uri, Target& target);
  void take_chain(const IdentityConfig& identity, Target& target);
  /// The public halves that it shows to everybody, and with `certificates` those of theirs.
  void take_visible(const Uri& key, bool certificates, Target& target);

  CheckOptions options_;
  Patience patience_;
  Tokens tokens_;
};

}  // namespace keystore::verify::doctor
