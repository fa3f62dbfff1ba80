#include "keystore/internal/config_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace keystore {

namespace {

bool comes_before(const toml::source_position& a, const toml::source_position& b);

}  // namespace

ConfigTable::ConfigTable(const toml::table* table, std::string name, std::string_view origin,
                         std::optional<Error>& failure)
    : table_(table), name_(std::move(name)), origin_(origin), failure_(failure) {}

void ConfigTable::allow_only(std::initializer_list<std::string_view> keys) const {
  if (table_ == nullptr) return;
  for (const auto& [key, value] : *table_) {
    if (std::find(keys.begin(), keys.end(), key.str()) != keys.end()) continue;
    reject_at(key.source(), key.str(), "unknown key",
              fmt::format("known here are {}", fmt::join(keys, ", ")));
  }
}

std::string ConfigTable::text(std::string_view key, std::string_view fallback) const {
  const auto* node = find(key);
  if (node == nullptr) return std::string(fallback);
  if (const auto value = node->value_exact<std::string>()) return *value;
  reject(key, "must be a string");
  return std::string(fallback);
}

bool ConfigTable::flag(std::string_view key, bool fallback) const {
  const auto* node = find(key);
  if (node == nullptr) return fallback;
  if (const auto value = node->value_exact<bool>()) return *value;
  reject(key, "must be true or false");
  return fallback;
}

unsigned ConfigTable::number(std::string_view key, unsigned fallback) const {
  const auto* node = find(key);
  if (node == nullptr) return fallback;
  const auto value = node->value_exact<std::int64_t>();
  if (value && *value >= 0 && *value <= std::numeric_limits<unsigned>::max()) {
    return static_cast<unsigned>(*value);
  }
  reject(key, "must be a whole number, not negative");
  return fallback;
}

std::vector<std::string> ConfigTable::texts(std::string_view key) const {
  const auto* node = find(key);
  if (node == nullptr) return {};
  if (const auto value = node->value_exact<std::string>()) return {*value};
  std::vector<std::string> values;
  if (const auto* array = node->as_array()) {
    for (const auto& item : *array) {
      if (const auto value = item.value_exact<std::string>()) values.push_back(*value);
    }
    if (values.size() == array->size()) return values;
  }
  reject(key, "must be a string or an array of strings");
  return {};
}

std::map<std::string, std::string> ConfigTable::text_map(std::string_view key) const {
  std::map<std::string, std::string> values;
  const auto inner = table(key);
  if (inner.table_ == nullptr) return values;
  for (const auto& [name, node] : *inner.table_) values[std::string(name)] = inner.text(name);
  return values;
}

ConfigTable ConfigTable::table(std::string_view key) const {
  const auto* node = find(key);
  const auto name = name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
  const auto* found = node != nullptr ? node->as_table() : nullptr;
  if (node != nullptr && found == nullptr) reject(key, "must be a table");
  return ConfigTable(found, name, origin_, failure_);
}

std::vector<std::pair<std::string, ConfigTable>> ConfigTable::tables() const {
  std::vector<std::pair<std::string, toml::source_position>> names;
  if (table_ == nullptr) return {};
  for (const auto& [key, node] : *table_) names.emplace_back(key.str(), key.source().begin);
  std::sort(names.begin(), names.end(),
            [](const auto& a, const auto& b) { return comes_before(a.second, b.second); });

  std::vector<std::pair<std::string, ConfigTable>> found;
  found.reserve(names.size());
  for (const auto& [name, place] : names) found.emplace_back(name, table(name));
  return found;
}

void ConfigTable::reject(std::string_view key, std::string_view why, std::string hint) const {
  const auto* node = find(key);
  const auto* place = node != nullptr ? node : table_;
  reject_at(place != nullptr ? place->source() : toml::source_region{}, key, why, std::move(hint));
}

const toml::node* ConfigTable::find(std::string_view key) const {
  return table_ != nullptr ? table_->get(key) : nullptr;
}

void ConfigTable::reject_at(const toml::source_region& place, std::string_view key,
                            std::string_view why, std::string hint) const {
  if (failure_) return;
  const auto name = name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
  failure_ = Error{Errc::invalid_argument,
                   fmt::format("{}: '{}': {}", config_place(origin_, place), name, why),
                   {},
                   std::move(hint)};
}

std::string config_place(std::string_view origin, const toml::source_region& place) {
  return fmt::format("{}:{}:{}", origin, place.begin.line, place.begin.column);
}

namespace {

bool comes_before(const toml::source_position& a, const toml::source_position& b) {
  return std::pair(a.line, a.column) < std::pair(b.line, b.column);
}

}  // namespace

}  // namespace keystore
