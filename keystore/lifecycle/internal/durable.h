#pragma once

#include <string>

#include "keystore/result.h"

namespace keystore::lifecycle {

// Changes of names that are on the disk when the call returns. Errors: access_denied, io,
// not_found.

Result<void> sync_folder(const std::string& folder);
/// Puts `from` in the place of `to`, in the same folder.
Result<void> rename_durably(const std::string& from, const std::string& to);
/// A file that is not there is fine.
Result<void> remove_durably(const std::string& path);
/// Temporary files of a write_file(path) that was killed.
Result<void> remove_unfinished(const std::string& path);
/// The folder that `path` is in.
std::string folder_of(const std::string& path);

}  // namespace keystore::lifecycle
