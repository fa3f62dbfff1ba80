#pragma once

#include <optional>
#include <string_view>

#include "keystore/lifecycle/move.h"

namespace keystore::lifecycle {

/// The step that a journal names; empty for a name of another version.
std::optional<MoveStep> parse_step(std::string_view name) noexcept;

}  // namespace keystore::lifecycle
