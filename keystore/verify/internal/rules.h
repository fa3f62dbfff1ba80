#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "keystore/verify/internal/member.h"
#include "keystore/verify/internal/openssl_verdict.h"
#include "keystore/verify/verify.h"

namespace keystore::verify {

/// Everything that a rule may look at.
struct RuleInput {
  const CandidatePath& path;
  std::span<const X509CrlPtr> crls;
  const VerifyOptions& options;
  Purpose purpose;
  std::chrono::sys_seconds at;
};

/// Why a rule refuses; empty: it does not.
using Refusal = std::optional<std::string>;

/// The first refusal of the rules of the profile: "rule: why (subject)".
Refusal refused_by_rules(const RuleInput& input);

// Rules about the whole path.
Refusal names_asked_for(const RuleInput& input);
Refusal purpose_of_path(const RuleInput& input);
Refusal depth_of_path(const RuleInput& input);
Refusal anchor_kind(const RuleInput& input);
Refusal key_identifiers(const RuleInput& input);
Refusal name_constraints(const RuleInput& input);
Refusal weak_cryptography(const RuleInput& input);
Refusal crl_encodings(const RuleInput& input);
Refusal webpki_path(const RuleInput& input);

/// SHA-1 signatures count for times before this, when public CAs still made them; later none does.
constexpr std::chrono::sys_seconds end_of_sha1 =
    std::chrono::sys_days(std::chrono::January / 1 / 2017);

/// A certificate of the path with its place.
struct RuleSubject {
  const Member& member;
  bool target;
  bool anchor;
  Profile profile;
};

// Rules about one certificate.
Refusal version_and_serial(const RuleSubject& subject);
Refusal subject_name_encoding(const RuleSubject& subject);
Refusal extension_encodings(const RuleSubject& subject);
Refusal extension_criticality(const RuleSubject& subject);
Refusal alternative_name_syntax(const RuleSubject& subject);
Refusal policies_encoding(const RuleSubject& subject);

}  // namespace keystore::verify
