#pragma once

#include <optional>

#include "keystore/verify/doctor/leaf.h"

namespace keystore::verify::doctor {

/// What can be said of a leaf without its path: its period, names, uses, signature and key.
void judge_leaf(const Leaf& leaf, const Case& all, TargetReport& report);

/// The same of one of its issuers below the anchor: its period, what it may certify, signature and
/// key.
void judge_issuer(const Member& issuer, std::optional<Purpose> use, const Case& all,
                  TargetReport& report);

}  // namespace keystore::verify::doctor
