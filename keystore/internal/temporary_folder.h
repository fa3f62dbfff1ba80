#pragma once

#include <filesystem>

#include "keystore/api.h"

namespace keystore {

/// A folder of this process alone, removed at the end with what is in it.
class KEYSTORE_API TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  /// Empty: it could not be made.
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace keystore
