#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "keystore/file.h"
#include "keystore/internal/fd.h"
#include "keystore/internal/read_all.h"

namespace keystore {

namespace {

std::size_t first_guess(int fd, std::size_t limit);
Secret grown(const Secret& full, std::size_t size);

}  // namespace

Result<Secret> read_file(const std::string& path, std::size_t limit) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return Failure(error_from_errno(errno, "open", "read", path));
  return read_all(fd.get(), limit, path);
}

Result<Secret> read_all(int fd, std::size_t limit, const std::string& object) {
  Secret content(first_guess(fd, limit));
  std::size_t size = 0;
  for (;;) {
    if (size > limit) {
      return fail(Errc::malformed, fmt::format("{} is larger than {} octets", object, limit));
    }
    if (size == content.size()) content = grown(content, std::min(size * 2, limit + 1));
    const auto count = read(fd, content.writable().data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failure(error_from_errno(errno, "read", "read", object));
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  content.shrink(size);
  return content;
}

namespace {

// One octet more than the file has, so that its end is seen without growing.
std::size_t first_guess(int fd, std::size_t limit) {
  constexpr std::size_t unknown = 4096;
  struct stat info = {};
  const bool known = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
  return std::min(known ? static_cast<std::size_t>(info.st_size) + 1 : unknown, limit + 1);
}

Secret grown(const Secret& full, std::size_t size) {
  Secret larger(size);
  std::copy(full.view().begin(), full.view().end(), larger.writable().begin());
  return larger;
}

}  // namespace

}  // namespace keystore
