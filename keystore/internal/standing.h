#pragma once

#include <sys/types.h>

#include <string>

namespace keystore {

/// Who may do what with a file.
struct Standing {
  mode_t mode = 0600;
  uid_t owner = 0;
  gid_t group = 0;
};

Standing standing_of(const std::string& path);
/// Gives a rewritten file back to whom it belonged; logs where that is not allowed.
void keep_owner(const std::string& path, const Standing& before);

}  // namespace keystore
