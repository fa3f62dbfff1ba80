#include "keystore/lifecycle/internal/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "keystore/file.h"
#include "keystore/lifecycle/internal/durable.h"
#include "keystore/lifecycle/internal/names.h"
#include "keystore/lifecycle/internal/plan_json.h"

namespace keystore::lifecycle {
namespace {

constexpr std::string_view format_name = "keystore-move/1";
constexpr std::string_view suffix = ".jsonl";

std::string journal_path(const std::string& folder, std::string_view id);
bool sound_id(std::string_view id) noexcept;
Result<void> make_folder(const std::string& folder);
Result<void> write_line(const Fd& file, const std::string& path, const Json& line);
Result<Fd> open_locked(const std::string& path, std::string_view id);

}  // namespace

Result<JournalLock> JournalLock::take(const std::string& folder) {
  if (const auto made = make_folder(folder); !made) return Failure(made.error());
  const auto path = folder + "/lock";
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return Failure(error_from_errno(errno, "open", "open", path));
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return Failure(error_from_errno(errno, "flock", "lock", path));
  }
  return JournalLock(std::move(file));
}

Result<Journal> Journal::create(const std::string& folder, const MovePlan::Data& plan,
                                std::chrono::sys_seconds at) {
  if (const auto made = make_folder(folder); !made) return Failure(made.error());
  const auto path = journal_path(folder, plan.id);
  // Written beside and renamed: a journal without its plan could be neither resumed nor undone.
  const auto draft = path + ".new";
  ::unlink(draft.c_str());
  Fd file(
      ::open(draft.c_str(), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return Failure(error_from_errno(errno, "open", "write", draft));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return Failure(error_from_errno(errno, "flock", "lock", draft));
  }
  const Json line = {
      {"format", format_name}, {"at", at.time_since_epoch().count()}, {"plan", plan_json(plan)}};
  if (const auto written = write_line(file, draft, line); !written) {
    ::unlink(draft.c_str());
    return Failure(written.error());
  }
  if (const auto renamed = rename_durably(draft, path); !renamed) {
    ::unlink(draft.c_str());
    return Failure(renamed.error());
  }
  Journal journal(std::move(file), path, plan, at);
  journal.planned_at_ = at;
  return journal;
}

Result<Journal> Journal::open(const std::string& folder, std::string_view id,
                              std::chrono::sys_seconds at) {
  const auto path = journal_path(folder, id);
  if (!sound_id(id) || ::access(path.c_str(), F_OK) != 0) {
    return fail(Errc::not_found, fmt::format("no move '{}' in {}", id, folder),
                "keystore move --list shows them all");
  }
  auto file = open_locked(path, id);
  if (!file) return Failure(file.error());
  const auto text = read_file(path);
  if (!text) return Failure(text.error());
  auto journal = parse(path, as_text(text->view()));
  if (!journal) return journal;
  // What a kill cut off is dropped before anything is written behind it.
  const auto whole = as_text(text->view()).rfind('\n') + 1;
  if (::ftruncate(file->get(), static_cast<off_t>(whole)) != 0) {
    return Failure(error_from_errno(errno, "ftruncate", "write", path));
  }
  journal->file_ = std::move(*file);
  journal->at_ = at;
  return journal;
}

Result<Listing<MoveRecord>> Journal::list(const std::string& folder) {
  Listing<MoveRecord> moves;
  std::error_code error;
  std::filesystem::directory_iterator files(folder, error);
  if (error == std::errc::no_such_file_or_directory) return moves;
  if (error) return Failure(error_from_errno(error.value(), "opendir", "read", folder));
  for (const auto& file : files) {
    if (file.path().extension() != suffix) continue;
    const auto path = file.path().string();
    const auto text = read_file(path);
    const auto journal = text ? parse(path, as_text(text->view())) : Failure(text.error());
    if (journal) {
      moves.items.push_back(journal->record());
    } else {
      moves.skipped.push_back(journal.error());
    }
  }
  std::sort(moves.items.begin(), moves.items.end(), [](const auto& a, const auto& b) {
    return std::tie(a.at, a.id) < std::tie(b.at, b.id);
  });
  return moves;
}

Result<void> Journal::begin(MoveStep step) {
  if (auto written = append(step, "begun", {}); !written) return written;
  marks_[step] = Mark::begun;
  return {};
}

Result<void> Journal::end(MoveStep step) {
  if (auto written = append(step, "ended", {}); !written) return written;
  marks_[step] = Mark::ended;
  return {};
}

Result<void> Journal::withdraw(MoveStep step, const Error& error) {
  if (auto written = append(step, "withdrawn", to_string(error.code)); !written) return written;
  marks_.erase(step);
  return {};
}

bool Journal::begun(MoveStep step) const noexcept { return marks_.contains(step); }

bool Journal::ended(MoveStep step) const noexcept {
  const auto mark = marks_.find(step);
  return mark != marks_.end() && mark->second == Mark::ended;
}

bool Journal::rollback_begun() const noexcept { return begun(MoveStep::restore_file); }

void Journal::keep(std::shared_ptr<SecretKeeper> pin, std::shared_ptr<SecretKeeper> passphrase) {
  plan_.pin = std::move(pin);
  plan_.passphrase = std::move(passphrase);
}

MoveRecord Journal::record() const {
  auto record = plan_record(plan_);
  record.state = state();
  record.at = planned_at_;
  const bool retiring = begun(MoveStep::remove_backup);
  record.finished = record.state >= MoveState::retired ||
                    (ended(MoveStep::reload) && !rollback_begun() && !retiring);
  if (record.state == MoveState::rolled_back) record.reference.clear();
  if (record.state >= MoveState::retired) record.backup.clear();
  return record;
}

Result<Journal> Journal::parse(std::string path, std::string_view text) {
  const auto malformed = [&path](std::string_view why) {
    return fail(Errc::malformed, fmt::format("journal {} is damaged: {}", path, why));
  };
  const auto end_of_plan = text.find('\n');
  if (end_of_plan == text.npos) return malformed("the plan is not whole");
  const auto head = Json::parse(text.substr(0, end_of_plan), nullptr, false);
  if (!head.is_object() || head.value("format", Json()) != format_name || !head.contains("plan")) {
    return malformed("the first line is no plan of a move");
  }
  auto plan = parse_plan(head["plan"]);
  if (!plan) return malformed(plan.error().message);
  Journal journal(Fd(), path, std::move(*plan), {});
  if (const auto at = head.value("at", Json()); at.is_number_integer()) {
    journal.planned_at_ = std::chrono::sys_seconds(std::chrono::seconds(at.get<std::int64_t>()));
  }
  text.remove_prefix(end_of_plan + 1);
  for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    if (!journal.replay(text.substr(0, end))) return malformed("a line is no step of a move");
    text.remove_prefix(end + 1);
  }
  return journal;
}

bool Journal::replay(std::string_view line) {
  const auto json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return false;
  const auto name = json.value("step", Json());
  const auto step = name.is_string() ? parse_step(name.get<std::string>()) : std::nullopt;
  const auto phase = json.value("phase", Json());
  if (!step) return false;
  if (phase == "withdrawn") {
    marks_.erase(*step);
  } else if (phase == "begun" || phase == "ended") {
    marks_[*step] = phase == "ended" ? Mark::ended : Mark::begun;
  } else {
    return false;
  }
  return true;
}

Result<void> Journal::append(MoveStep step, std::string_view phase, std::string_view code) {
  Json line = {{"step", to_string(step)}, {"phase", phase}};
  if (at_ != std::chrono::sys_seconds{}) line["at"] = at_.time_since_epoch().count();
  if (!code.empty()) line["code"] = code;
  return write_line(file_, path_, line);
}

MoveState Journal::state() const noexcept {
  if (ended(MoveStep::remove_files)) return MoveState::rolled_back;
  if (ended(MoveStep::remove_objects)) return MoveState::planned;
  if (ended(MoveStep::remove_backup)) return MoveState::retired;
  if (ended(MoveStep::protect_backup) && !ended(MoveStep::restore_file)) return MoveState::replaced;
  if (ended(MoveStep::prove_key)) return MoveState::proven;
  if (ended(MoveStep::import_key)) return MoveState::imported;
  return MoveState::planned;
}

MoveRecord plan_record(const MovePlan::Data& plan) {
  return {plan.id,          MoveState::planned,    Uri::from_path(plan.path).canonical(),
          plan.destination, plan.reference_path(), plan.backup_path()};
}

Result<void> check_unfinished(const std::string& path, const MoveOptions& options) {
  const auto moves = Journal::list(journal_folder(options));
  if (!moves) return Failure(moves.error());
  const auto source = Uri::from_path(path).canonical();
  for (const auto& move : moves->items) {
    if (move.finished || move.source != source) continue;
    return fail(Errc::already_exists, fmt::format("move {} of {} is not finished", move.id, path),
                fmt::format("keystore move --resume {0} goes on with it, --rollback {0} undoes it",
                            move.id));
  }
  return {};
}

std::string journal_folder(const MoveOptions& options) {
  return options.journal_folder.empty() ? default_journal_folder() : options.journal_folder;
}

namespace {

std::string journal_path(const std::string& folder, std::string_view id) {
  return fmt::format("{}/{}{}", folder, id, suffix);
}

bool sound_id(std::string_view id) noexcept {
  return !id.empty() && id.find_first_not_of("0123456789abcdef") == id.npos;
}

Result<void> make_folder(const std::string& folder) {
  std::error_code error;
  const std::filesystem::path path(folder);
  if (std::filesystem::is_directory(path, error)) return {};
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return Failure(error_from_errno(error.value(), "mkdir", "make", folder));
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return Failure(error_from_errno(errno, "mkdir", "make", folder));
  }
  return sync_folder(path.parent_path());
}

Result<void> write_line(const Fd& file, const std::string& path, const Json& line) {
  const auto text = line.dump() + '\n';
  const auto before = ::lseek(file.get(), 0, SEEK_END);
  errno = 0;
  const auto written = ::write(file.get(), text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size()) && ::fsync(file.get()) == 0) return {};
  // A write cut short says no reason: the disk is full.
  const auto error = error_from_errno(errno == 0 ? ENOSPC : errno, "write", "write", path);
  if (before >= 0) static_cast<void>(::ftruncate(file.get(), before) == 0);
  return Failure(error);
}

Result<Fd> open_locked(const std::string& path, std::string_view id) {
  Fd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return Failure(error_from_errno(errno, "open", "open", path));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) {
    return fail(Errc::unavailable, fmt::format("another process is working on move {}", id),
                "wait until it has ended");
  }
  return Failure(error_from_errno(errno, "flock", "lock", path));
}

}  // namespace
}  // namespace keystore::lifecycle
