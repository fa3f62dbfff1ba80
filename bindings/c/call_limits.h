#pragma once

#include "keystore/operation.h"

namespace keystore::c {

/// A deadline so many milliseconds from now; 0: the library's own.
inline CallLimits call_limits(std::uint32_t timeout_ms) {
  if (timeout_ms == 0) return {};
  return {.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms)};
}

}  // namespace keystore::c
