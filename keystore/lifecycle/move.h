#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/backend.h"
#include "keystore/query.h"
#include "keystore/result.h"

/// What happens to keys over the years: moves (DESIGN.md, section 7).
namespace keystore::lifecycle {

/// How far a move is. frozen: printed in JSON.
enum class MoveState {
  planned,      ///< nothing has changed but the journal
  imported,     ///< the token holds the key; the file is as it was
  proven,       ///< and the token's key signs for the file's public key
  replaced,     ///< a reference stands in the file's place, the original beside it as a backup
  retired,      ///< the backup is gone: the token is the only place
  rolled_back,  ///< the file is as it was, the token holds nothing of the move
};

/// "planned", …, "rolled-back".
KEYSTORE_API std::string_view to_string(MoveState state) noexcept;

/// What a move does, in this order; then what undoes it and what ends it. The names are kept in
/// journals: frozen.
enum class MoveStep {
  plan,
  import_key,
  prove_key,
  import_certificates,
  write_reference,
  prove_reference,
  back_up,
  replace,
  protect_backup,
  reload,
  restore_file,     ///< rollback
  reload_restored,  ///< rollback
  remove_objects,   ///< rollback
  remove_files,     ///< rollback
  prove_again,      ///< retire
  remove_backup,    ///< retire
};

/// "import-key", …
KEYSTORE_API std::string_view to_string(MoveStep step) noexcept;

/// Where a step is. Each of the two records is on the disk when its phase is told.
enum class MovePhase {
  begun,  ///< its start is recorded; it has not done anything yet
  done,   ///< it has done its work; that is not recorded yet
  ended,  ///< its end is recorded
};

/// A move as its journal tells it.
struct MoveRecord {
  std::string id = {};
  MoveState state = MoveState::planned;
  std::string source = {};       ///< canonical `file:` URI
  std::string destination = {};  ///< canonical URI of the object on the token
  std::string reference = {};  ///< path that holds (or will hold) the reference; empty: rolled back
  std::string backup = {};     ///< path of the original; empty: retired or rolled back
  std::chrono::sys_seconds at = {};  ///< when it was planned; epoch: not told
  bool finished = false;             ///< false: stopped on the way; resume or roll back
};

/// Which key goes where.
struct MoveRequest {
  std::string source = {};  ///< path or `file:` URI of a file with exactly one private key
  std::string destination =
      {};  ///< `pkcs11:` URI of a token; `object` names the key, else the file
  std::string certificate = {};      ///< path or URI of a certificate that must be for the key
  bool import_certificates = false;  ///< put the file's and `certificate` onto the token as well
  bool keep_pin_source = true;  ///< write it into the reference where a server can read it again
};

struct MoveOptions {
  OpenOptions source = {};           ///< the passphrase of the file
  OpenOptions destination = {};      ///< the PIN; later commands on a move fall back to its journal
  std::string journal_folder = {};   ///< empty: default_journal_folder()
  std::chrono::sys_seconds at = {};  ///< the time that the journal tells; epoch: none
  bool prove_reference = true;       ///< sign through the OpenSSL provider before replacing
  std::string wrap_key = {};         ///< retire: URI of an AES key on the token; empty: no backup
  std::string wrapped_backup = {};   ///< retire: path of a new file, what `wrap_key` wraps
  std::vector<std::string> reload = {};  ///< program and arguments, run without a shell once the
                                         ///< file was replaced or restored; empty: none
  std::function<void(MoveStep, MovePhase)> on_step = {};  ///< told as the move goes on
};

/// A move that could be made: everything that can be known before was checked. Copies share it.
class KEYSTORE_API MovePlan {
 public:
  struct Data;
  explicit MovePlan(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

  /// As it will be in the journal; nothing is written yet.
  MoveRecord record() const;
  /// What the person should know first: other copies of the key, say. One sentence each.
  const std::vector<std::string>& notes() const noexcept;
  /// How the token takes the key, as a rehearsal showed; empty: not known.
  const std::string& import_way() const noexcept;
  const Data& data() const noexcept { return *data_; }

 private:
  std::shared_ptr<const Data> data_;
};

/// `$XDG_STATE_HOME/keystore/moves`; without it `/var/lib/keystore/moves` for root, else
/// `~/.local/state/keystore/moves`.
KEYSTORE_API std::string default_journal_folder();

/// Looks at file and token and changes neither. Logs in to the token, once. Errors: not_found (file
/// or token), malformed, unsupported (a link, other names of the file, several keys, a key that
/// cannot sign, a folder), already_exists (label or id on the token, the file is a reference
/// already, an unfinished move of it), key_mismatch (the certificate), access_denied, io (no
/// space), refused_by_policy (a reference could not be loaded), pin_*, unavailable.
KEYSTORE_API Result<MovePlan> plan_move(const MoveRequest& request, const MoveOptions& options);

/// Does it, step by step, each recorded and synced. A failure before the file was replaced undoes
/// what was done; where that fails as well, the hint names the move to resume or roll back.
/// Errors: those of the failed step.
KEYSTORE_API Result<MoveRecord> run_move(const MovePlan& plan, const MoveOptions& options);

/// Goes on where a move stopped; a finished one is left as it is. Errors: not_found (no such move),
/// invalid_argument (its rollback has begun), unavailable (another process works on it), as
/// run_move.
KEYSTORE_API Result<MoveRecord> resume_move(std::string_view id, const MoveOptions& options);

/// Restores the file's bytes, owner, mode, access list and times, and only then removes from the
/// token what the move put there. Errors: not_found (no such move; backup gone), unsupported
/// (retired), already_exists (the file was changed since), unavailable, access_denied, pin_*, io.
KEYSTORE_API Result<MoveRecord> roll_back_move(std::string_view id, const MoveOptions& options);

/// Removes the backup after the reference has signed once more and, where asked, the key was kept
/// wrapped (KeyWrapper::wrap_copy). Errors: not_found, invalid_argument (not replaced yet),
/// key_mismatch, those of the proof and of wrapping: the backup is still there then.
KEYSTORE_API Result<MoveRecord> retire_move(std::string_view id, const MoveOptions& options);

/// All moves of the journal, oldest first; an unreadable journal is among `skipped`.
KEYSTORE_API Result<Listing<MoveRecord>> list_moves(const MoveOptions& options = {});

}  // namespace keystore::lifecycle
