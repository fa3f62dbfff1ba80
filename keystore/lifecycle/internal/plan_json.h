#pragma once

#include <nlohmann/json.hpp>

#include "keystore/lifecycle/internal/plan_data.h"

namespace keystore::lifecycle {

using Json = nlohmann::ordered_json;

/// The plan as its journal keeps it.
Json plan_json(const MovePlan::Data& plan);
/// Errors: malformed.
Result<MovePlan::Data> parse_plan(const Json& json);

}  // namespace keystore::lifecycle
