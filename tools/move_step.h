#pragma once

#include "keystore/lifecycle/move.h"

namespace keystore::cli {

/// Says on stderr which step of a move has begun, and what it does.
void print_move_step(lifecycle::MoveStep step, lifecycle::MovePhase phase);

}  // namespace keystore::cli
