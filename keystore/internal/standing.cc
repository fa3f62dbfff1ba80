#include "keystore/internal/standing.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keystore/log.h"

namespace keystore {

Standing standing_of(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return {};
  return {.mode = status.st_mode & 0777U, .owner = status.st_uid, .group = status.st_gid};
}

void keep_owner(const std::string& path, const Standing& before) {
  const Standing now = standing_of(path);
  if (now.owner == before.owner && now.group == before.group) return;
  if (lchown(path.c_str(), before.owner, before.group) == 0) return;
  log(LogLevel::warning, fmt::format("{} has another owner now: only root could keep it", path));
}

}  // namespace keystore
