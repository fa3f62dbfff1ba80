#include "keystore/lifecycle/move.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "keystore/lifecycle/internal/destination.h"
#include "keystore/lifecycle/internal/journal.h"
#include "keystore/lifecycle/internal/key_file.h"
#include "keystore/lifecycle/internal/steps.h"

namespace keystore::lifecycle {
namespace {

Result<Journal> begin_journal(const MovePlan& plan, const MoveOptions& options);
Result<Journal> open_journal(std::string_view id, const MoveOptions& options);
Error undo_after(const Error& failure, Journal& journal, const MoveOptions& options);
bool token_answers(const MovePlan::Data& plan);
Result<MoveRecord> finish(std::span<const Step> steps, Journal& journal,
                          const MoveOptions& options);

}  // namespace

MoveRecord MovePlan::record() const { return plan_record(*data_); }

const std::vector<std::string>& MovePlan::notes() const noexcept { return data_->notes; }

const std::string& MovePlan::import_way() const noexcept { return data_->import_way; }

std::string default_journal_folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/keystore/moves";
  }
  if (::geteuid() == 0) return "/var/lib/keystore/moves";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "") + "/.local/state/keystore/moves";
}

Result<MoveRecord> run_move(const MovePlan& plan, const MoveOptions& options) {
  auto journal = begin_journal(plan, options);
  if (!journal) return Failure(journal.error());
  const auto done = run_steps(forward_steps(), {*journal, options});
  if (!done) return Failure(undo_after(done.error(), *journal, options));
  return journal->record();
}

Result<MoveRecord> resume_move(std::string_view id, const MoveOptions& options) {
  auto journal = open_journal(id, options);
  if (!journal) return Failure(journal.error());
  const auto record = journal->record();
  if (record.finished) return record;
  if (journal->rollback_begun()) {
    return fail(Errc::invalid_argument, fmt::format("the rollback of move {} has begun", id),
                fmt::format("keystore move --rollback {} finishes it", id));
  }
  // Whoever asked for it to be retired had seen the proof.
  const bool retiring = journal->begun(MoveStep::remove_backup);
  return finish(retiring ? retire_steps() : forward_steps(), *journal, options);
}

Result<MoveRecord> roll_back_move(std::string_view id, const MoveOptions& options) {
  auto journal = open_journal(id, options);
  if (!journal) return Failure(journal.error());
  if (journal->record().state == MoveState::retired) {
    return fail(Errc::unsupported, fmt::format("move {} is retired: its backup is gone", id));
  }
  return finish(rollback_steps(), *journal, options);
}

Result<MoveRecord> retire_move(std::string_view id, const MoveOptions& options) {
  auto journal = open_journal(id, options);
  if (!journal) return Failure(journal.error());
  const auto record = journal->record();
  if (record.state == MoveState::retired) return record;
  if (record.state != MoveState::replaced || journal->rollback_begun()) {
    return fail(Errc::invalid_argument,
                fmt::format("move {} is {}: nothing to retire", id, to_string(record.state)));
  }
  return finish(retire_steps(), *journal, options);
}

Result<Listing<MoveRecord>> list_moves(const MoveOptions& options) {
  return Journal::list(journal_folder(options));
}

namespace {

Result<Journal> begin_journal(const MovePlan& plan, const MoveOptions& options) {
  const auto folder = journal_folder(options);
  const auto lock = JournalLock::take(folder);
  if (!lock) return Failure(lock.error());
  if (const auto free = check_unfinished(plan.data().path, options); !free)
    return Failure(free.error());
  const auto& data = plan.data();
  if (const auto same = read_unchanged(data.path, data.original); !same) {
    return Failure(same.error());
  }
  if (options.on_step) options.on_step(MoveStep::plan, MovePhase::begun);
  auto journal = Journal::create(folder, plan.data(), options.at);
  if (journal && options.on_step) options.on_step(MoveStep::plan, MovePhase::ended);
  return journal;
}

Result<Journal> open_journal(std::string_view id, const MoveOptions& options) {
  auto journal = Journal::open(journal_folder(options), id, options.at);
  if (!journal) return journal;
  const auto& plan = journal->plan();
  auto pin_options = options.destination;
  if (!pin_options.pin_source && !plan.pin_source.empty()) {
    auto source = SecretSource::parse(plan.pin_source);
    if (!source) return Failure(source.error());
    pin_options.pin_source = std::move(*source);
  }
  const auto token = Uri::parse(plan.destination);
  if (!token) return Failure(token.error());
  journal->keep(std::make_shared<SecretKeeper>(*token, std::move(pin_options)),
                std::make_shared<SecretKeeper>(Uri::from_path(plan.path), options.source));
  return journal;
}

// Before the file was replaced a failed move leaves nothing behind. A token that is away may come
// back: then the person chooses.
Error undo_after(const Error& failure, Journal& journal, const MoveOptions& options) {
  auto error = failure;
  const bool undo = !journal.begun(MoveStep::replace) &&
                    (!journal.begun(MoveStep::import_key) || token_answers(journal.plan()));
  if (undo && run_steps(rollback_steps(), {journal, options})) return error;
  const auto& id = journal.plan().id;
  const auto way_on =
      undo ? fmt::format("keystore move --rollback {} undoes it", id)
           : fmt::format("keystore move --resume {0} goes on, --rollback {0} undoes it", id);
  error.hint = error.hint.empty() ? way_on : error.hint + "; " + way_on;
  return error;
}

bool token_answers(const MovePlan::Data& plan) {
  const auto token = open_token(plan);
  return token && find_moved_key(*token, plan);
}

Result<MoveRecord> finish(std::span<const Step> steps, Journal& journal,
                          const MoveOptions& options) {
  if (const auto done = run_steps(steps, {journal, options}); !done) return Failure(done.error());
  return journal.record();
}

}  // namespace
}  // namespace keystore::lifecycle
