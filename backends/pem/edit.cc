#include "backends/pem/edit.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "keystore/log.h"

namespace keystore::pem {
namespace {

Secret joined(std::string_view before, BytesView block, std::string_view after) {
  Secret text(before.size() + block.size() + after.size());
  auto out = std::ranges::copy(before, text.writable().begin()).out;
  out = std::ranges::copy(block, out).out;
  std::ranges::copy(after, out);
  return text;
}

/// Its parameters belong to a key.
std::size_t begin_of(const Block& block) {
  return block.parameters.empty() ? block.begin : block.parameters.front().begin;
}

}  // namespace

Edited replace_object(const ObjectFile& file, std::size_t object, const Secret& block) {
  const Block& old = file.objects()[object];
  const auto begin = begin_of(old);
  return {joined(file.text().substr(0, begin), block.view(), file.text().substr(old.end)), begin};
}

Edited add_first(const ObjectFile& file, const Secret& block) {
  if (file.objects().empty()) return add_last(file, block);
  const auto begin = begin_of(file.objects().front());
  return {joined(file.text().substr(0, begin), block.view(), file.text().substr(begin)), begin};
}

Edited add_last(const ObjectFile& file, const Secret& block) {
  const auto text = file.text();
  if (text.empty() || text.ends_with('\n')) return {joined(text, block.view(), {}), text.size()};
  const Secret with_line_end = joined(text, as_bytes("\n"), {});
  return {joined(as_text(with_line_end.view()), block.view(), {}), with_line_end.size()};
}

Secret without_object(const ObjectFile& file, std::size_t object) {
  const Block& old = file.objects()[object];
  Secret rest = joined(file.text().substr(0, begin_of(old)), {}, file.text().substr(old.end));
  const bool blank =
      as_text(rest.view()).find_first_not_of(" \t\r\n\xef\xbb\xbf") == std::string_view::npos;
  return blank ? Secret{} : std::move(rest);
}

Standing standing_of(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return {};
  return {.mode = status.st_mode & 0777U, .owner = status.st_uid, .group = status.st_gid};
}

void keep_owner(const std::string& path, const Standing& before) {
  const Standing now = standing_of(path);
  if (now.owner == before.owner && now.group == before.group) return;
  if (lchown(path.c_str(), before.owner, before.group) == 0) return;
  log(LogLevel::warning, fmt::format("{} has another owner now: only root could keep it", path));
}

}  // namespace keystore::pem
