#include "keystore/internal/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "keystore/log.h"

namespace keystore {

namespace {

std::string random_name(const std::string& target);
int write_all(int fd, BytesView content);
mode_t give_to(int fd, const WriteOptions& options, const std::string& path);
int rename_without_replacing(int folder, const char* from, const char* to);

}  // namespace

Result<Folder> Folder::of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto prefix = slash == path.npos ? std::string() : path.substr(0, slash + 1);
  const auto name = path.substr(prefix.size());
  if (name.empty() || name == "." || name == "..") {
    return fail(Errc::invalid_argument, fmt::format("'{}' names no file", path));
  }
  const auto* folder = prefix.empty() ? "." : prefix.c_str();
  Fd fd(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Failure(error_from_errno(errno, "open", "write into", folder));
  return Folder(std::move(fd), prefix);
}

Result<void> Folder::sync() const {
  if (fsync(fd()) == 0 || errno == EINVAL || errno == EROFS) return {};
  return Failure(error_from_errno(errno, "fsync", "sync", prefix_.empty() ? "." : prefix_));
}

Result<TemporaryFile> TemporaryFile::create(const Folder& folder, const std::string& target) {
  constexpr int tries = 16;
  for (int i = 0; i < tries; ++i) {
    auto name = random_name(target);
    Fd fd(openat(folder.fd(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 0600));
    if (fd) return TemporaryFile(folder, std::move(name), target, std::move(fd));
    if (errno != EEXIST) break;
  }
  return Failure(error_from_errno(errno, "openat", "write", folder.path_of(target)));
}

TemporaryFile::TemporaryFile(const Folder& folder, std::string name, std::string target, Fd fd)
    : folder_(&folder), name_(std::move(name)), target_(std::move(target)), fd_(std::move(fd)) {}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : folder_(other.folder_),
      name_(std::exchange(other.name_, {})),
      target_(std::move(other.target_)),
      fd_(std::move(other.fd_)) {}

TemporaryFile::~TemporaryFile() {
  if (!name_.empty()) unlinkat(folder_->fd(), name_.c_str(), 0);
}

Result<void> TemporaryFile::fill(BytesView content, const WriteOptions& options) {
  const auto error = [&](const char* call) {
    return Failure(error_from_errno(errno, call, "write", folder_->path_of(target_)));
  };
  if (write_all(fd_.get(), content) != 0) return error("write");
  // The owner first: giving a file away takes some of its rights.
  const auto mode = give_to(fd_.get(), options, folder_->path_of(target_));
  if (fchmod(fd_.get(), mode) != 0) return error("fchmod");
  if (fsync(fd_.get()) != 0) return error("fsync");
  if (fd_.close() != 0) return error("close");
  return {};
}

Result<void> TemporaryFile::rename_to(const std::string& name, bool replace) {
  const int failed = replace ? renameat(folder_->fd(), name_.c_str(), folder_->fd(), name.c_str())
                             : rename_without_replacing(folder_->fd(), name_.c_str(), name.c_str());
  if (failed != 0) {
    return Failure(error_from_errno(errno, "renameat", "write", folder_->path_of(name)));
  }
  name_.clear();
  return {};
}

namespace {

std::string random_name(const std::string& target) {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) < 0)
    number = static_cast<std::uint64_t>(getpid());
  // Names have an end (NAME_MAX), and the target's may be near it.
  return fmt::format(".{}.{:016x}", target.substr(0, 200), number);
}

int write_all(int fd, BytesView content) {
  while (!content.empty()) {
    const auto count = write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    content = content.subspan(static_cast<std::size_t>(count));
  }
  return 0;
}

/// Returns the mode for what the file is then.
mode_t give_to(int fd, const WriteOptions& options, const std::string& path) {
  struct stat now = {};
  if (!options.owner || fstat(fd, &now) != 0) return options.mode;
  const auto& [user, group] = *options.owner;
  if (now.st_uid == user && now.st_gid == group) return options.mode;
  if (fchown(fd, user, group) == 0) return options.mode;
  constexpr auto as_it_is = static_cast<uid_t>(-1);
  const bool group_kept = now.st_gid == group || fchown(fd, as_it_is, group) == 0;
  log(LogLevel::warning,
      fmt::format("{} has another {} now: only root could keep it{}", path,
                  now.st_uid == user ? "group" : "owner",
                  group_kept ? "" : ", and the rights of the group are left out"));
  return group_kept ? options.mode : options.mode & ~static_cast<mode_t>(S_IRWXG);
}

// Where the file system lacks the flag, a hard link does the same in two steps.
int rename_without_replacing(int folder, const char* from, const char* to) {
  if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (linkat(folder, from, folder, to, 0) != 0) return -1;
  unlinkat(folder, from, 0);
  return 0;
}

}  // namespace

}  // namespace keystore
