#include "keystore/lifecycle/internal/durable.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "keystore/internal/fd.h"

namespace keystore::lifecycle {

Result<void> sync_folder(const std::string& folder) {
  const Fd file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file) return Failure(error_from_errno(errno, "open", "open", folder));
  // A file system that cannot sync a folder (EINVAL) gives no more than rename does.
  if (::fsync(file.get()) != 0 && errno != EINVAL) {
    return Failure(error_from_errno(errno, "fsync", "write", folder));
  }
  return {};
}

Result<void> rename_durably(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    return Failure(error_from_errno(errno, "rename", "replace", to));
  }
  return sync_folder(folder_of(to));
}

Result<void> remove_durably(const std::string& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return Failure(error_from_errno(errno, "unlink", "remove", path));
  }
  return sync_folder(folder_of(path));
}

Result<void> remove_unfinished(const std::string& path) {
  // As write_file() names them: ".NAME.0123456789abcdef".
  constexpr std::size_t longest_kept = 200;
  constexpr std::size_t suffix = 16;
  const auto name = std::filesystem::path(path).filename().string();
  const auto prefix = "." + name.substr(0, longest_kept) + ".";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(path), error)) {
    const auto found = entry.path().filename().string();
    const bool ours =
        found.starts_with(prefix) && found.size() == prefix.size() + suffix &&
        found.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
    if (!ours) continue;
    if (auto removed = remove_durably(entry.path().string()); !removed) return removed;
  }
  return {};
}

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace keystore::lifecycle
