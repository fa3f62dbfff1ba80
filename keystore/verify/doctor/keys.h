#pragma once

#include <span>

#include "keystore/verify/doctor/evidence.h"

namespace keystore::verify::doctor {

/// What can be said of the keys of one target without a certificate: who can read them, whether
/// they may leave their token, whether they are encrypted.
void judge_keys(Target& target);

/// Whether the key is long enough. `what`: "the key of 'CN=web'".
void judge_strength(const PublicKey& key, const std::string& what, TargetReport& report);

}  // namespace keystore::verify::doctor
