#pragma once

#include <chrono>

namespace keystore::verify::doctor {

using Deadline = std::chrono::steady_clock::time_point;

}  // namespace keystore::verify::doctor
