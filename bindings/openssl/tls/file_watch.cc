#include "bindings/openssl/tls/file_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace keystore::openssl {
namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;  // as the kernel's
constexpr std::uint32_t events = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                 IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                 IN_ONLYDIR;

// Goes down `path`, whose first `links` symbolic links may be followed.
void add_folders(const fs::path& path, int links, std::set<std::string>& folders) {
  std::error_code error;
  fs::path here = path.root_path();
  const auto rest = path.relative_path();
  for (auto part = rest.begin(); part != rest.end(); ++part) {
    const auto next = here / *part;
    const auto status = fs::symlink_status(next, error);
    const bool last = std::next(part) == rest.end();
    if (last || !fs::exists(status) || fs::is_symlink(status)) folders.insert(here.string());
    if (!fs::exists(status)) return;
    if (fs::is_symlink(status)) {
      auto target = here / fs::read_symlink(next, error);
      if (error || links == 0) return;
      for (auto more = std::next(part); more != rest.end(); ++more) target /= *more;
      return add_folders(target, links - 1, folders);
    }
    here = next;
  }
  if (fs::is_directory(here, error)) folders.insert(here.string());
}

std::string print(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) return fmt::format("{}: {}\n", path, errno);
  return fmt::format("{}: {} {} {} {} {} {}.{} {}.{}\n", path, found.st_dev, found.st_ino,
                     found.st_mode, found.st_uid, found.st_size, found.st_mtim.tv_sec,
                     found.st_mtim.tv_nsec, found.st_ctim.tv_sec, found.st_ctim.tv_nsec);
}

}  // namespace

FileWatch::FileWatch(const std::vector<std::string>& paths) {
  std::set<std::string> folders;
  for (const auto& path : paths) {
    std::error_code error;
    add_folders(fs::absolute(path, error), most_links, folders);
  }
  inotify_ = Fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  for (const auto& folder : folders) {
    if (!inotify_ || inotify_add_watch(inotify_.get(), folder.c_str(), events) < 0) {
      inotify_ = Fd();
      return;
    }
  }
}

std::string fingerprint(const std::vector<std::string>& paths) {
  std::string all;
  for (const auto& path : paths) {
    all += print(path);
    std::error_code error;
    std::vector<std::string> inside;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      inside.push_back(it->path().string());
    }
    std::ranges::sort(inside);
    for (const auto& each : inside) all += print(each);
  }
  return all;
}

}  // namespace keystore::openssl
