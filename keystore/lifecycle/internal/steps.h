#pragma once

#include <span>

#include "keystore/lifecycle/internal/journal.h"

namespace keystore::lifecycle {

/// What the steps of a move work on.
struct Work {
  Journal& journal;
  const MoveOptions& options;

  const MovePlan::Data& plan() const noexcept { return journal.plan(); }
};

/// One row of a move. `again`: it was begun before and may have done its work, so `run` first looks
/// at what is there.
struct Step {
  MoveStep step;
  Result<void> (*run)(const Work& work, bool again);
};

std::span<const Step> forward_steps() noexcept;
/// Undo what the forward steps did, however far they came.
std::span<const Step> rollback_steps() noexcept;
std::span<const Step> retire_steps() noexcept;

/// Runs those that have not ended, each recorded before and after. Errors: of the first that fails.
Result<void> run_steps(std::span<const Step> steps, const Work& work);

/// The key on the token, proven to sign for the file's public key and for the certificate's.
/// Errors: not_found, key_mismatch, those of the token.
Result<Key> prove_moved_key(const MovePlan::Data& plan);

}  // namespace keystore::lifecycle
