#pragma once

#include <string>
#include <vector>

#include "keystore/internal/fd.h"

namespace keystore::openssl {

/// Tells when something happens in a folder that these paths lead through: where the files are,
/// where symbolic links on the way are, and the next one there is where a path ends early. More
/// than changes of the files is told; compare fingerprints.
class FileWatch {
 public:
  explicit FileWatch(const std::vector<std::string>& paths);
  /// Readable when something happened; -1 where the system tells nothing (no inotify, too many).
  int fd() const noexcept { return inotify_.get(); }

 private:
  Fd inotify_;
};

/// What tells one state of the files from another: identity, size and times of each, and of what is
/// in each folder, links followed. Content is not read.
std::string fingerprint(const std::vector<std::string>& paths);

}  // namespace keystore::openssl
