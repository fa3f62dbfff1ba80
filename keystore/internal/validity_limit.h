#pragma once

#include <chrono>

#include "keystore/api.h"

namespace keystore {

/// The days that a public server certificate issued at `at` may be valid for at most (CA/Browser
/// Forum Baseline Requirements, 6.3.2).
KEYSTORE_API unsigned most_days(std::chrono::sys_seconds at) noexcept;

}  // namespace keystore
