#pragma once

#include <toml++/toml.h>

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/result.h"

namespace keystore {

/// One table of the configuration, read key by key. The first thing that is wrong is kept, with
/// line and column; what comes after it gives defaults. Errors: invalid_argument.
class ConfigTable {
 public:
  /// `table` is null where the document has none; `failure` is shared by all tables of a document
  /// and outlives them.
  ConfigTable(const toml::table* table, std::string name, std::string_view origin,
              std::optional<Error>& failure);

  /// Every key that is not among these is an error.
  void allow_only(std::initializer_list<std::string_view> keys) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  std::string text(std::string_view key, std::string_view fallback = {}) const;
  bool flag(std::string_view key, bool fallback) const;
  unsigned number(std::string_view key, unsigned fallback) const;
  /// A text, or an array of texts.
  std::vector<std::string> texts(std::string_view key) const;
  std::map<std::string, std::string> text_map(std::string_view key) const;
  /// `[name.KEY]`; empty where there is none.
  ConfigTable table(std::string_view key) const;
  /// All tables in this one, in the order of the file.
  std::vector<std::pair<std::string, ConfigTable>> tables() const;

  /// Says that the value of `key` is wrong.
  void reject(std::string_view key, std::string_view why, std::string hint = {}) const;

 private:
  void reject_at(const toml::source_region& place, std::string_view key, std::string_view why,
                 std::string hint = {}) const;

  const toml::node* find(std::string_view key) const;

  const toml::table* table_;
  std::string name_;
  std::string_view origin_;
  std::optional<Error>& failure_;
};

/// "config.toml:3:7: why": where in which file.
std::string config_place(std::string_view origin, const toml::source_region& place);

}  // namespace keystore
