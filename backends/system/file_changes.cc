#include "backends/system/file_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "keystore/bytes.h"
#include "keystore/file.h"
#include "keystore/internal/temporary_file.h"

namespace keystore::system {
namespace {

namespace fs = std::filesystem;

constexpr mode_t readable_by_all = 0644;
constexpr auto path_name = "path";
constexpr auto before_name = "before";
constexpr auto after_name = "after";

Result<void> write(const std::string& path, const std::optional<std::string>& content);
Result<void> write_change(const std::string& folder, const FileChange& change);
Result<void> sync_folder_of(const std::string& path);
Error in(const std::string& path, std::error_code error, const char* call, const char* verb);

}  // namespace

Result<std::optional<std::string>> content_of(const std::string& path) {
  const auto content = read_file(path);
  if (content) return std::string(as_text(content->view()));
  if (content.error().code == Errc::not_found) return std::nullopt;
  return Failure(content.error());
}

Result<void> make(const std::vector<FileChange>& changes) {
  for (const auto& change : changes) {
    const auto now = content_of(change.path);
    if (!now) return Failure(now.error());
    if (*now != change.before && *now != change.after) {
      return fail(Errc::refused_by_policy,
                  fmt::format("{} was changed by someone else meanwhile", change.path),
                  "nothing was changed");
    }
  }
  for (const auto& change : changes) {
    if (auto done = write(change.path, change.after); !done) return done;
  }
  return {};
}

std::vector<FileChange> reversed(std::vector<FileChange> changes) {
  std::ranges::reverse(changes);
  for (auto& change : changes) std::swap(change.before, change.after);
  return changes;
}

Result<unsigned> ChangeRecord::add(const std::vector<FileChange>& changes) const {
  const auto last = newest();
  if (!last) return last;
  const unsigned number = *last + 1;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (auto done = write_change(fmt::format("{}/{}", folder_of(number), i), changes[i]); !done) {
      static_cast<void>(remove(number));
      return Failure(done.error());
    }
  }
  return number;
}

Result<unsigned> ChangeRecord::newest() const {
  unsigned newest = 0;
  std::error_code error;
  for (fs::directory_iterator i(folder_, error), end; !error && i != end; i.increment(error)) {
    const auto name = i->path().filename().string();
    unsigned number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    newest = std::max(newest, number);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Failure(in(folder_, error, "readdir", "read"));
  }
  return newest;
}

Result<std::vector<FileChange>> ChangeRecord::read(unsigned number) const {
  std::vector<FileChange> changes;
  for (;;) {
    const auto folder = fmt::format("{}/{}/", folder_of(number), changes.size());
    const auto path = content_of(folder + path_name);
    if (!path) return Failure(path.error());
    auto before = content_of(folder + before_name);
    if (!before) return Failure(before.error());
    auto after = content_of(folder + after_name);
    if (!after) return Failure(after.error());
    if (!*path) return changes;
    changes.push_back({**path, *std::move(before), *std::move(after)});
  }
}

Result<void> ChangeRecord::remove(unsigned number) const {
  std::error_code error;
  fs::remove_all(folder_of(number), error);
  if (error) return Failure(in(folder_of(number), error, "remove", "remove"));
  return sync_folder_of(folder_of(number));
}

std::string ChangeRecord::folder_of(unsigned number) const {
  return fmt::format("{}/{:06}", folder_, number);
}

namespace {

Result<void> write(const std::string& path, const std::optional<std::string>& content) {
  if (content) {
    const auto written = write_file(path, as_bytes(*content),
                                    {.mode = readable_by_all, .replace = true, .backup = false});
    if (!written) return Failure(written.error());
    return {};
  }
  std::error_code error;
  fs::remove(path, error);
  if (error) return Failure(in(path, error, "unlink", "remove"));
  return sync_folder_of(path);
}

// The path comes last: a change without it was never made.
Result<void> write_change(const std::string& folder, const FileChange& change) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Failure(in(folder, error, "mkdir", "make"));
  auto done = write(folder + "/" + before_name, change.before);
  if (done) done = write(folder + "/" + after_name, change.after);
  if (done) done = write(folder + "/" + path_name, change.path);
  // Folders that were made for it.
  const auto number = folder.substr(0, folder.rfind('/'));
  for (const auto& made : {folder, number, number.substr(0, number.rfind('/'))}) {
    if (done) done = sync_folder_of(made);
  }
  return done;
}

/// A removal or a new name in it lasts from now on.
Result<void> sync_folder_of(const std::string& path) {
  const auto folder = Folder::of(path);
  if (!folder) return Failure(folder.error());
  return folder->sync();
}

Error in(const std::string& path, std::error_code error, const char* call, const char* verb) {
  return error_from_errno(error.value(), call, verb, path);
}

}  // namespace
}  // namespace keystore::system
