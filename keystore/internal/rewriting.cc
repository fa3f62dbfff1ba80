#include "keystore/internal/rewriting.h"

#include <sys/stat.h>

namespace keystore {

WriteOptions rewriting(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return {};
  return {.mode = status.st_mode & 0777U,
          .owner = FileOwner{.user = status.st_uid, .group = status.st_gid},
          .replace = true};
}

}  // namespace keystore
