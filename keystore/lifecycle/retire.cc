#include <fmt/format.h>

#include <array>

#include "keystore/file.h"
#include "keystore/lifecycle/internal/durable.h"
#include "keystore/lifecycle/internal/provider_proof.h"
#include "keystore/lifecycle/internal/steps.h"
#include "keystore/reference.h"

namespace keystore::lifecycle {
namespace {

Result<void> prove_again(const Work& work, bool again);
Result<void> remove_backup(const Work& work, bool again);

constexpr std::array<Step, 2> steps = {{
    {MoveStep::prove_again, prove_again},
    {MoveStep::remove_backup, remove_backup},
}};

}  // namespace

std::span<const Step> retire_steps() noexcept { return steps; }

namespace {

Result<void> prove_again(const Work& work, bool) {
  const auto& plan = work.plan();
  const auto content = read_file(plan.path);
  if (!content) return Failure(content.error());
  const auto reference = Reference::parse_pem(as_text(content->view()));
  if (!reference) return Failure(reference.error());
  if (!reference->public_key || reference->public_key->spki() != plan.public_key) {
    return fail(Errc::key_mismatch,
                fmt::format("{} does not refer to the key that was moved", plan.path));
  }
  if (const auto key = prove_moved_key(plan); !key) return Failure(key.error());
  if (!work.options.prove_reference) return {};
  return prove_through_provider(plan.path, *reference->public_key, *plan.pin);
}

Result<void> remove_backup(const Work& work, bool) {
  return remove_durably(work.plan().backup_path());
}

}  // namespace
}  // namespace keystore::lifecycle
