#pragma once

#include <sys/types.h>

#include <string>

#include "backends/pem/object_file.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pem {

/// A file's next content and where in it the new block begins.
struct Edited {
  Secret content = {};
  std::size_t begin = 0;
};

/// `file` with `block` in the place of one of its objects.
Edited replace_object(const ObjectFile& file, std::size_t object, const Secret& block);
/// `file` with `block` before its first object.
Edited add_first(const ObjectFile& file, const Secret& block);
/// `file` with `block` behind everything.
Edited add_last(const ObjectFile& file, const Secret& block);
/// `file` without one of its objects; empty when nothing but blanks would remain.
Secret without_object(const ObjectFile& file, std::size_t object);

/// Who may do what with a file.
struct Standing {
  mode_t mode = 0600;
  uid_t owner = 0;
  gid_t group = 0;
};

Standing standing_of(const std::string& path);
/// Gives a rewritten file back to whom it belonged; logs where that is not allowed.
void keep_owner(const std::string& path, const Standing& before);

}  // namespace keystore::pem
