#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace keystore::testing {

/// A folder of this test alone, 0700, removed with all that is in it at the end by the process that
/// made it.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  /// Makes or replaces a file of the folder and says where it is.
  std::filesystem::path write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
  pid_t owner_;
};

/// The whole content; throws std::runtime_error where it cannot be read.
std::string read_text(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, std::string_view content);

/// An environment variable set (or, with no value, unset) while this object lives.
class EnvironmentGuard {
 public:
  EnvironmentGuard(std::string name, std::optional<std::string> value);
  ~EnvironmentGuard();
  EnvironmentGuard(const EnvironmentGuard&) = delete;
  EnvironmentGuard& operator=(const EnvironmentGuard&) = delete;

 private:
  std::string name_;
  std::optional<std::string> previous_;
};

}  // namespace keystore::testing
