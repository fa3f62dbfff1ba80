#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "keystore/verify/internal/path_question.h"

namespace keystore::verify {

/// Why a rule refuses; empty: it does not.
using Refusal = std::optional<std::string>;

/// The first refusal of the rules of the profile: "rule: why (subject)".
Refusal refused_by_rules(const PathQuestion& input);

// Rules about the whole path.
Refusal names_asked_for(const PathQuestion& input);
Refusal purpose_of_path(const PathQuestion& input);
Refusal depth_of_path(const PathQuestion& input);
Refusal anchor_kind(const PathQuestion& input);
Refusal distrust_after(const PathQuestion& input);
Refusal key_identifiers(const PathQuestion& input);
Refusal name_constraints(const PathQuestion& input);
Refusal weak_cryptography(const PathQuestion& input);
Refusal crl_encodings(const PathQuestion& input);
Refusal revoked_by_ocsp(const PathQuestion& input);
Refusal webpki_path(const PathQuestion& input);

/// SHA-1 signatures count for times before this, when public CAs still made them; later none does.
constexpr std::chrono::sys_seconds end_of_sha1 =
    std::chrono::sys_days(std::chrono::January / 1 / 2017);

/// Whether signatures with this digest (a NID) count no more at that time.
bool is_weak_hash(int digest, std::chrono::sys_seconds at);

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
