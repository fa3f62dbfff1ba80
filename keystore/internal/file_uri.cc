#include "keystore/internal/file_uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace keystore {
namespace {

constexpr std::array known_attributes{"pin-source", "pin-value", "index"};

Result<std::optional<std::size_t>> index_of(const Uri& uri);
std::string absolute(const std::string& path);

}  // namespace

Result<FileUri> parse_file_uri(const Uri& uri) {
  if (uri.path().empty()) {
    return fail(Errc::invalid_argument, fmt::format("a {}: URI needs a path", uri.scheme()));
  }
  for (const auto& attribute : uri.query_attributes()) {
    if (std::ranges::find(known_attributes, attribute.name) == known_attributes.end()) {
      return fail(Errc::invalid_argument,
                  fmt::format("{}: URIs have no attribute '{}'", uri.scheme(), attribute.name));
    }
  }
  const auto index = index_of(uri);
  if (!index) return Failure(index.error());
  return FileUri{.path = absolute(uri.path()), .index = *index};
}

Uri pfx_uri(const std::string& path) {
  constexpr std::string_view file = "file:";
  return Uri::parse("pfx:" + Uri::from_path(path).canonical().substr(file.size())).value();
}

namespace {

/// Zero-based.
Result<std::optional<std::size_t>> index_of(const Uri& uri) {
  const auto text = uri.query_attribute("index");
  if (!text) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), index);
  if (error != std::errc{} || end != text->data() + text->size() || index == 0) {
    return fail(Errc::invalid_argument, fmt::format("index '{}' is no number from 1 on", *text));
  }
  return index - 1;
}

/// ".." is kept: behind a symbolic link it leads elsewhere than its text says.
std::string absolute(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::absolute(path, error);
  if (error) return path;
  const bool climbs = std::ranges::find(full, "..") != full.end();
  return climbs ? full.string() : full.lexically_normal().string();
}

}  // namespace
}  // namespace keystore
