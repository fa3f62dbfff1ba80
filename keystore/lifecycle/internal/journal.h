#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "keystore/internal/fd.h"
#include "keystore/lifecycle/internal/plan_data.h"

namespace keystore::lifecycle {

/// Holds all moves of a folder still while one is being planned: two processes cannot begin a move
/// of one file at once. The kernel lets go when the process ends.
class JournalLock {
 public:
  /// Makes the folder (0700) where missing. Waits for others. Errors: access_denied, io.
  static Result<JournalLock> take(const std::string& folder);

 private:
  explicit JournalLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

/// The record of one move: FOLDER/ID.jsonl, 0600, append-only lines of JSON, the plan first. Every
/// line is on the disk when the call that wrote it returns. A last line that was cut off by a kill
/// or a power failure counts as not written. Locked while open: one process at a time.
class Journal {
 public:
  /// Whole or not at all. Errors: io, access_denied, already_exists.
  static Result<Journal> create(const std::string& folder, const MovePlan::Data& plan,
                                std::chrono::sys_seconds at);
  /// Errors: not_found, unavailable (another process has it), malformed, io, access_denied.
  static Result<Journal> open(const std::string& folder, std::string_view id,
                              std::chrono::sys_seconds at);
  /// Oldest first, without locking. A folder that is not there holds no moves.
  static Result<Listing<MoveRecord>> list(const std::string& folder);

  Result<void> begin(MoveStep step);
  Result<void> end(MoveStep step);
  /// The step failed and left nothing behind.
  Result<void> withdraw(MoveStep step, const Error& error);

  /// It was begun, and not withdrawn since: it may have done its work.
  bool begun(MoveStep step) const noexcept;
  bool ended(MoveStep step) const noexcept;
  bool rollback_begun() const noexcept;
  const MovePlan::Data& plan() const noexcept { return plan_; }
  void keep(std::shared_ptr<SecretKeeper> pin, std::shared_ptr<SecretKeeper> passphrase);
  MoveRecord record() const;

 private:
  enum class Mark { begun, ended };
  Journal(Fd file, std::string path, MovePlan::Data plan, std::chrono::sys_seconds at)
      : file_(std::move(file)), path_(std::move(path)), plan_(std::move(plan)), at_(at) {}
  /// What the complete lines of `text` tell.
  static Result<Journal> parse(std::string path, std::string_view text);
  /// False: not a line of a journal.
  bool replay(std::string_view line);
  Result<void> append(MoveStep step, std::string_view phase, std::string_view code);
  MoveState state() const noexcept;

  Fd file_;
  std::string path_;
  MovePlan::Data plan_;
  std::chrono::sys_seconds at_;
  std::chrono::sys_seconds planned_at_ = {};
  std::map<MoveStep, Mark> marks_ = {};
};

/// A move of which only the plan is known.
MoveRecord plan_record(const MovePlan::Data& plan);
/// Where the journals are.
std::string journal_folder(const MoveOptions& options);
/// Errors: already_exists when an unfinished move has `path` as its source.
Result<void> check_unfinished(const std::string& path, const MoveOptions& options);

}  // namespace keystore::lifecycle
