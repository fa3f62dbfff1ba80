#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "keystore/certificate.h"
#include "keystore/internal/fd.h"
#include "keystore/key.h"
#include "keystore/lifecycle/internal/plan_data.h"

namespace keystore::lifecycle {

/// A key file as a move finds it.
struct KeyFile {
  std::string path;
  FileState state;
  Key key;                                     ///< the only one in it
  std::vector<Certificate> certificates = {};  ///< in the file's order
  bool is_pem = true;
};

/// The absolute path that a `file:` URI names, links in the folders resolved. Errors: unsupported
/// (another scheme, a symbolic link), not_found.
Result<std::string> key_file_path(const Uri& source);

/// Errors: unsupported (a folder, several names, not exactly one private key), already_exists (a
/// reference), and those of reading.
Result<KeyFile> open_key_file(const std::string& path, const OpenOptions& options);

/// What stat and content tell now. Errors: not_found, unsupported (no regular file), io.
Result<FileState> file_state(const std::string& path);

/// The content if it still is what `state` says. Errors: already_exists (changed since), io.
Result<Secret> read_unchanged(const std::string& path, const FileState& state);

/// A file that this process or `owner`, to whom it is to belong, wrote: whoever may write to its
/// folder may have put another one, or a link to one, in its place since. For its owner and mode.
/// Errors: not_found, access_denied (it is another one), io.
Result<Fd> open_own(const std::string& path, uid_t owner);

/// Gives `to`, which this process wrote, the owner, group, mode and extended attributes (access
/// lists) of `from`. Errors: access_denied (also: another file, or a link, took its place), io.
Result<void> copy_metadata(const std::string& from, const std::string& to);

/// The options with rules about files lifted: a site that wants tokens only must be able to move.
Result<OpenOptions> without_policy(OpenOptions options);

}  // namespace keystore::lifecycle
