#include "tests/tokens/faults.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace keystore::testing {

struct FaultTable::Snapshot {
  struct timespec changed = {};
  ino_t inode = 0;
  off_t size = -1;
  Faults faults = {};
  const Snapshot* replaced = nullptr;  ///< kept reachable

  bool is_of(const struct stat& file) const noexcept {
    return inode == file.st_ino && size == file.st_size && changed.tv_sec == file.st_mtim.tv_sec &&
           changed.tv_nsec == file.st_mtim.tv_nsec;
  }
};

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

FaultTable::FaultTable(std::filesystem::path file) : file_(std::move(file)) {}

// A replaced snapshot is not freed: another thread may be reading it.
const Faults& FaultTable::current() const noexcept {
  static const Faults none;
  struct stat now = {};
  if (file_.empty() || stat(file_.c_str(), &now) != 0) return none;
  const Snapshot* known = snapshot_;
  if (known && known->is_of(now)) return known->faults;
  auto* fresh = new Snapshot{now.st_mtim, now.st_ino, now.st_size, parse_faults(read_file(file_))};
  fresh->replaced = snapshot_.exchange(fresh);
  return fresh->faults;
}

}  // namespace keystore::testing
