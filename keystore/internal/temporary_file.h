#pragma once

#include <sys/types.h>

#include <string>

#include "keystore/bytes.h"
#include "keystore/file.h"
#include "keystore/internal/fd.h"
#include "keystore/result.h"

namespace keystore {

/// The folder of a file that is being written, held open.
class Folder {
 public:
  /// The folder that holds `path`. Errors: invalid_argument (no file name), not_found,
  /// access_denied, io.
  static Result<Folder> of(const std::string& path);
  int fd() const noexcept { return fd_.get(); }
  /// The path of `name` in it, for messages and callers.
  std::string path_of(const std::string& name) const { return prefix_ + name; }
  /// Makes renames in it last.
  Result<void> sync() const;

 private:
  Folder(Fd fd, std::string prefix) : fd_(std::move(fd)), prefix_(std::move(prefix)) {}
  Fd fd_;
  std::string prefix_;
};

/// A file under a hidden name beside `target`; removed unless it is renamed into place.
class TemporaryFile {
 public:
  /// `folder` outlives it. Errors: access_denied, io.
  static Result<TemporaryFile> create(const Folder& folder, const std::string& target);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  /// Writes and syncs; mode and owner are those of `options`. Errors: io.
  Result<void> fill(BytesView content, const WriteOptions& options);
  /// Errors: already_exists unless `replace`, access_denied, io.
  Result<void> rename_to(const std::string& name, bool replace);

 private:
  TemporaryFile(const Folder& folder, std::string name, std::string target, Fd fd);
  const Folder* folder_;
  std::string name_;
  std::string target_;
  Fd fd_;
};

}  // namespace keystore
