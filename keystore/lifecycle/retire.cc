#include <fmt/format.h>

#include <array>

#include "keystore/file.h"
#include "keystore/lifecycle/internal/destination.h"
#include "keystore/lifecycle/internal/durable.h"
#include "keystore/lifecycle/internal/key_file.h"
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

// Made of the file, because the key on the token may not leave it, not even wrapped.
Result<void> keep_wrapped(const MovePlan::Data& plan, const MoveOptions& options) {
  const auto wrap_key = Uri::parse(options.wrap_key);
  if (!wrap_key) return Failure(wrap_key.error());
  const auto file = open_key_file(plan.backup_path(), SecretKeeper::options_of(plan.passphrase));
  if (!file) return Failure(file.error());
  const auto pkcs8 = file->key.export_pkcs8(insecure_export_permit());
  if (!pkcs8) return Failure(pkcs8.error());
  const auto token = open_token(plan);
  if (!token) return Failure(token.error());
  if (token->wrapper() == nullptr) {
    return fail(Errc::unsupported, fmt::format("{} wraps no keys", token->uri().canonical()));
  }
  const auto wrapped =
      token->wrapper()->wrap_copy(*pkcs8, {.label = plan.label, .id = plan.object_id}, *wrap_key);
  if (!wrapped) return Failure(wrapped.error());
  const auto pem = wrapped->to_pem();
  const auto written = write_file(options.wrapped_backup, as_bytes(pem));
  if (!written) return Failure(written.error());
  return {};
}

/// An earlier try that was killed has written it.
bool is_kept(const MovePlan::Data& plan, const std::string& path) {
  const auto content = read_file(path);
  if (!content) return false;
  const auto wrapped = WrappedKey::parse_pem(as_text(content->view()));
  return wrapped && wrapped->public_key.spki() == plan.public_key;
}

Result<void> remove_backup(const Work& work, bool again) {
  const auto& plan = work.plan();
  const auto& options = work.options;
  const bool kept = options.wrap_key.empty() || (again && is_kept(plan, options.wrapped_backup));
  if (!kept) {
    if (auto done = keep_wrapped(plan, options); !done) return done;
  }
  return remove_durably(plan.backup_path());
}

}  // namespace
}  // namespace keystore::lifecycle
