#pragma once

#include <cstdint>
#include <optional>

#include "tests/tokens/faults.h"
#include "tests/tokens/real_module.h"

namespace keystore::testing {

/// Lets happen what the rows about calls say of this one: waits, and does what another user of the
/// module does. Gives the value to return in place of the call, if any.
std::optional<CK_RV> before_call(Function function, std::uint64_t call, const FaultTable& faults,
                                 RealModule& real);

/// The same for a token that is away. The first call that finds it so ends its sessions.
std::optional<CK_RV> while_away(Function function, const FaultTable& faults, RealModule& real);

}  // namespace keystore::testing
