#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "keystore/file.h"
#include "keystore/internal/run_program.h"
#include "keystore/lifecycle/internal/crypto.h"
#include "keystore/lifecycle/internal/destination.h"
#include "keystore/lifecycle/internal/durable.h"
#include "keystore/lifecycle/internal/key_file.h"
#include "keystore/lifecycle/internal/steps.h"
#include "keystore/reference.h"

namespace keystore::lifecycle {
namespace {

Result<void> restore_file(const Work& work, bool again);
Result<void> reload_restored(const Work& work, bool again);
Result<void> remove_objects(const Work& work, bool again);
Result<void> remove_files(const Work& work, bool again);

constexpr std::array<Step, 4> steps = {{
    {MoveStep::restore_file, restore_file},
    {MoveStep::reload_restored, reload_restored},
    {MoveStep::remove_objects, remove_objects},
    {MoveStep::remove_files, remove_files},
}};

Result<bool> is_original(const MovePlan::Data& plan);
Result<void> check_backup(const MovePlan::Data& plan);
Result<void> check_our_reference(const MovePlan::Data& plan);
Result<void> dress_as_original(const std::string& path, const FileState& state);
Result<void> remove_certificates(const Store& token, const MovePlan::Data& plan);

}  // namespace

std::span<const Step> rollback_steps() noexcept { return steps; }

namespace {

Result<void> restore_file(const Work& work, bool) {
  const auto& plan = work.plan();
  const auto original = is_original(plan);
  if (!original) return Failure(original.error());
  if (*original || !work.journal.begun(MoveStep::replace)) return {};
  if (const auto ok = check_our_reference(plan); !ok) return ok;
  if (const auto ok = check_backup(plan); !ok) return ok;
  if (const auto ok = dress_as_original(plan.backup_path(), plan.original); !ok) return ok;
  return rename_durably(plan.backup_path(), plan.path);
}

// The bytes that are there now; whoever changed them since must decide what is to become of them.
Result<bool> is_original(const MovePlan::Data& plan) {
  const auto state = file_state(plan.path);
  if (state) return state->sha256 == plan.original.sha256;
  if (state.error().code == Errc::not_found) return false;
  return Failure(state.error());
}

Result<void> check_our_reference(const MovePlan::Data& plan) {
  const auto content = read_file(plan.path);
  if (!content && content.error().code == Errc::not_found) return {};
  if (!content) return Failure(content.error());
  const auto reference = Reference::parse_pem(as_text(content->view()));
  if (reference && reference->public_key && reference->public_key->spki() == plan.public_key)
    return {};
  return fail(Errc::already_exists, fmt::format("{} was changed since the move", plan.path),
              fmt::format("set it aside and run the rollback again; the original is {}",
                          plan.backup_path()));
}

Result<void> check_backup(const MovePlan::Data& plan) {
  const auto state = file_state(plan.backup_path());
  if (!state) return Failure(state.error());
  if (state->sha256 == plan.original.sha256) return {};
  return fail(Errc::malformed,
              fmt::format("the backup {} is not the original any more", plan.backup_path()));
}

Result<void> dress_as_original(const std::string& path, const FileState& state) {
  const auto file = open_own(path, state.owner);
  if (!file) return Failure(file.error());
  if (::fchown(file->get(), state.owner, state.group) != 0) {
    return Failure(error_from_errno(errno, "fchown", "restore the owner of", path));
  }
  if (::fchmod(file->get(), state.mode) != 0) {
    return Failure(error_from_errno(errno, "fchmod", "restore the mode of", path));
  }
  const timespec times[2] = {{0, UTIME_OMIT}, {state.mtime_seconds, state.mtime_nanoseconds}};
  if (::futimens(file->get(), times) != 0) {
    return Failure(error_from_errno(errno, "futimens", "restore the time of", path));
  }
  return {};
}

// While the key is still on the token: a server that has the reference loaded goes on signing.
Result<void> reload_restored(const Work& work, bool) {
  if (!work.journal.begun(MoveStep::replace)) return {};
  return run_program(work.options.reload);
}

Result<void> remove_objects(const Work& work, bool) {
  const auto& plan = work.plan();
  if (!work.journal.begun(MoveStep::import_key)) return {};
  // The file is the only other place: no object goes before it is seen there.
  if (const auto same = read_unchanged(plan.path, plan.original); !same)
    return Failure(same.error());
  const auto token = open_token(plan);
  if (!token) return Failure(token.error());
  if (const auto removed = remove_moved_key(*token, plan); !removed) return removed;
  if (!work.journal.begun(MoveStep::import_certificates)) return {};
  return remove_certificates(*token, plan);
}

Result<void> remove_certificates(const Store& token, const MovePlan::Data& plan) {
  const auto entries = token.find_entries({.kind = EntryKind::certificate});
  if (!entries) return Failure(entries.error());
  const auto& ours = plan.import_certificates;
  for (const auto& entry : entries->items) {
    if (!entry.certificate) continue;
    const auto name = sha256_hex(entry.certificate->der());
    if (std::find(ours.begin(), ours.end(), name) == ours.end()) continue;
    if (const auto removed = remove_entry(token, entry); !removed) return removed;
  }
  return {};
}

Result<void> remove_files(const Work& work, bool) {
  const auto& plan = work.plan();
  for (const auto& path : {plan.new_reference_path(), plan.backup_path()}) {
    if (auto removed = remove_unfinished(path); !removed) return removed;
  }
  if (auto removed = remove_durably(plan.new_reference_path()); !removed) return removed;
  const auto backup = file_state(plan.backup_path());
  if (!backup && backup.error().code == Errc::not_found) return {};
  // Of a file that was never replaced the backup is another name, or a copy.
  if (const auto same = read_unchanged(plan.path, plan.original); !same) {
    return Failure(same.error());
  }
  return remove_durably(plan.backup_path());
}

}  // namespace
}  // namespace keystore::lifecycle
