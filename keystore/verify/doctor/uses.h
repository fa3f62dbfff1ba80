#pragma once

#include <optional>

#include "keystore/verify/doctor/leaf.h"

namespace keystore::verify::doctor {

/// What the leaf is to be used for: what was asked, else what it says of itself. Empty: unknown.
std::optional<Purpose> use_of(const Leaf& leaf, const VerifyOptions& options);

/// Whether its extended key usage lists that use, and its key usage allows it.
void judge_uses(const Leaf& leaf, const VerifyOptions& options, TargetReport& report);

/// Whether the extended key usage lists the use; true too where there is none, which allows all.
bool lists_use(const Member& member, Purpose use);
/// Whether a host or an address is among the alternative names.
bool names_a_host(const Certificate& certificate);

}  // namespace keystore::verify::doctor
