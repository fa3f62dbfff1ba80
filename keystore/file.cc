#include "keystore/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "keystore/internal/fd.h"
#include "keystore/internal/temporary_file.h"

namespace keystore {

namespace {

Result<void> check_old(const Folder& folder, const std::string& name, bool replace);
Result<std::string> keep_backup(const Folder& folder, const std::string& name);
Result<void> copy_to(const Folder& folder, const std::string& name, const std::string& backup);

}  // namespace

Result<std::string> write_file(const std::string& path, BytesView content,
                               const WriteOptions& options) {
  auto folder = Folder::of(path);
  if (!folder) return Failure(folder.error());
  const auto name = path.substr(path.rfind('/') + 1);
  if (const auto ok = check_old(*folder, name, options.replace); !ok) return Failure(ok.error());

  auto temporary = TemporaryFile::create(*folder, name);
  if (!temporary) return Failure(temporary.error());
  if (const auto ok = temporary->fill(content, options); !ok) return Failure(ok.error());

  std::string backup;
  if (options.replace && options.backup) {
    auto kept = keep_backup(*folder, name);
    if (!kept) return Failure(kept.error());
    backup = std::move(*kept);
  }
  const auto placed = temporary->rename_to(name, options.replace);
  if (!placed) {
    if (!backup.empty()) unlinkat(folder->fd(), backup.c_str(), 0);
    return Failure(placed.error());
  }
  if (const auto ok = folder->sync(); !ok) return Failure(ok.error());
  return backup.empty() ? backup : folder->path_of(backup);
}

Result<void> delete_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_symlink(path, ignored)) {
    return fail(Errc::access_denied, fmt::format("cannot remove {}: it is a symbolic link", path),
                "name the file that the link points to");
  }
  if (unlink(path.c_str()) == 0) return {};
  return Failure(error_from_errno(errno, "unlink", "remove", path));
}

namespace {

// What is renamed over is looked at first, for a clear answer; the rename itself follows no link.
Result<void> check_old(const Folder& folder, const std::string& name, bool replace) {
  const auto path = folder.path_of(name);
  struct stat info = {};
  if (fstatat(folder.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return Failure(error_from_errno(errno, "fstatat", "write", path));
  }
  if (S_ISLNK(info.st_mode)) {
    return fail(Errc::access_denied, fmt::format("cannot write {}: it is a symbolic link", path),
                "name the file that the link points to");
  }
  if (!replace) return fail(Errc::already_exists, fmt::format("{} exists already", path));
  if (S_ISREG(info.st_mode)) return {};
  return fail(Errc::io, fmt::format("cannot write {}: it is not a regular file", path));
}

// A second name for the old file, so that at no moment neither is there. Empty: no old file.
Result<std::string> keep_backup(const Folder& folder, const std::string& name) {
  constexpr int most_backups = 1000;
  for (int i = 0; i < most_backups; ++i) {
    const auto backup = i == 0 ? name + ".bak" : fmt::format("{}.bak.{}", name, i);
    if (linkat(folder.fd(), name.c_str(), folder.fd(), backup.c_str(), 0) == 0) return backup;
    if (errno == ENOENT) return std::string();
    if (errno == EEXIST) continue;
    // No hard links here (vfat, some network file systems, fs.protected_hardlinks).
    const auto copied = copy_to(folder, name, backup);
    if (copied) return backup;
    if (copied.error().code != Errc::already_exists) return Failure(copied.error());
  }
  return fail(Errc::already_exists,
              fmt::format("{} has {} backups already", folder.path_of(name), most_backups));
}

Result<void> copy_to(const Folder& folder, const std::string& name, const std::string& backup) {
  const auto content = read_file(folder.path_of(name));
  if (!content) return Failure(content.error());
  auto temporary = TemporaryFile::create(folder, backup);
  if (!temporary) return Failure(temporary.error());
  if (const auto ok = temporary->fill(content->view(), {.mode = 0600}); !ok)
    return Failure(ok.error());
  return temporary->rename_to(backup, false);
}

}  // namespace

}  // namespace keystore
