#pragma once

#include <optional>
#include <string>
#include <vector>

#include "keystore/result.h"

namespace keystore::system {

/// What a file held and shall hold; not set: there is no such file.
struct FileChange {
  std::string path = {};
  std::optional<std::string> before = {};
  std::optional<std::string> after = {};
};

/// The file's content; not set: there is none. Errors: access_denied, io.
Result<std::optional<std::string>> content_of(const std::string& path);

/// Makes the changes in order. What holds `after` already is left alone; one that holds neither is
/// refused before anything is changed. Errors: refused_by_policy, access_denied, io.
Result<void> make(const std::vector<FileChange>& changes);
/// The changes that take these back.
std::vector<FileChange> reversed(std::vector<FileChange> changes);

/// Changes that were made, newest last, in numbered folders of one folder.
class ChangeRecord {
 public:
  explicit ChangeRecord(std::string folder) : folder_(std::move(folder)) {}
  /// Written before the changes are made. Returns its number. Errors: access_denied, io.
  Result<unsigned> add(const std::vector<FileChange>& changes) const;
  /// 0: there is none. Errors: access_denied, io.
  Result<unsigned> newest() const;
  Result<std::vector<FileChange>> read(unsigned number) const;
  Result<void> remove(unsigned number) const;

 private:
  std::string folder_of(unsigned number) const;
  std::string folder_;
};

}  // namespace keystore::system
