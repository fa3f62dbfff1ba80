#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore {

/// Whose a file is.
struct FileOwner {
  uid_t user = 0;
  gid_t group = 0;
};

/// What write_file makes of the file, and how it treats what is there already.
struct WriteOptions {
  mode_t mode = 0600;
  /// Given to the file before it takes its place; not set: this process's. Only root may give all
  /// files away: what is not to be had is logged, and the rights of another group are left out.
  std::optional<FileOwner> owner = {};
  bool replace = false;  ///< false: already_exists; true: the old file is kept as a backup
  bool backup = true;    ///< with replace: keep PATH.bak (PATH.bak.1, … where taken)
};

/// The whole file in locked memory, at most `limit` octets. Errors: not_found, access_denied, io
/// (also for a folder), malformed (larger than `limit`).
KEYSTORE_API Result<Secret> read_file(const std::string& path, std::size_t limit = 16U << 20);

/// Writes `content` whole or not at all: temporary file beside it, fsync, rename, fsync of the
/// folder. Symbolic links are not followed: a link is refused. Returns the backup's path, empty
/// without one. Errors: already_exists, access_denied, io (disk full: nothing is left behind).
KEYSTORE_API Result<std::string> write_file(const std::string& path, BytesView content,
                                            const WriteOptions& options = {});

/// Deletes the file; a symbolic link is refused, as it would leave what it points to. Errors:
/// not_found, access_denied, io.
KEYSTORE_API Result<void> delete_file(const std::string& path);

}  // namespace keystore
