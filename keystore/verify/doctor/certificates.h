#pragma once

#include <optional>

#include "keystore/verify/doctor/leaf.h"

namespace keystore::verify::doctor {

/// What the leaf is to be used for: what was asked, else what it says of itself. Empty: unknown.
std::optional<Purpose> use_of(const Leaf& leaf, const VerifyOptions& options);

/// What can be said of a leaf without its path: its period, names, uses, signature and key.
void judge_leaf(const Leaf& leaf, const Case& all, TargetReport& report);

/// The same of one of its issuers below the anchor: its period, what it may certify, signature and
/// key.
void judge_issuer(const Member& issuer, std::optional<Purpose> use, const Case& all,
                  TargetReport& report);

/// Whether the leaf is valid for longer than public certificates may be; `is_public`: its anchor is
/// a public one.
void judge_length(const Leaf& leaf, bool is_public, TargetReport& report);

}  // namespace keystore::verify::doctor
