#include "keystore/lifecycle/internal/steps.h"

#include <algorithm>
#include <array>

namespace keystore::lifecycle {
namespace {

Result<void> run_step(const Step& step, const Work& work);
bool changed_nothing(const Error& error) noexcept;

}  // namespace

Result<void> run_steps(std::span<const Step> steps, const Work& work) {
  for (const auto& step : steps) {
    if (work.journal.ended(step.step)) continue;
    if (auto done = run_step(step, work); !done) return done;
  }
  return {};
}

namespace {

void tell(const Work& work, MoveStep step, MovePhase phase) {
  if (work.options.on_step) work.options.on_step(step, phase);
}

Result<void> run_step(const Step& step, const Work& work) {
  const bool again = work.journal.begun(step.step);
  if (auto begun = work.journal.begin(step.step); !begun) return begun;
  tell(work, step.step, MovePhase::begun);
  if (const auto done = step.run(work, again); !done) {
    if (!again && changed_nothing(done.error())) {
      if (auto withdrawn = work.journal.withdraw(step.step, done.error()); !withdrawn)
        return withdrawn;
    }
    return done;
  }
  tell(work, step.step, MovePhase::done);
  if (auto ended = work.journal.end(step.step); !ended) return ended;
  tell(work, step.step, MovePhase::ended);
  return {};
}

// With the other codes the token may have done the work and only the answer is missing.
bool changed_nothing(const Error& error) noexcept {
  constexpr std::array definite = {
      Errc::not_found,     Errc::ambiguous,         Errc::unsupported,   Errc::invalid_argument,
      Errc::malformed,     Errc::pin_required,      Errc::pin_incorrect, Errc::pin_locked,
      Errc::access_denied, Errc::refused_by_policy, Errc::already_exists};
  return std::find(definite.begin(), definite.end(), error.code) != definite.end();
}

}  // namespace
}  // namespace keystore::lifecycle
