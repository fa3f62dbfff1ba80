#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/workspace.h"

namespace keystore::testing {

/// Where test material made by others lies: $KEYSTORE_CORPUS, else beside the source tree.
inline std::filesystem::path corpus() {
  if (const char* given = std::getenv("KEYSTORE_CORPUS")) return given;
  const char* source = std::getenv("KEYSTORE_SOURCE");
  return std::filesystem::path(source == nullptr ? "." : source) / "../shared/corpus";
}

using CsvRow = std::map<std::string, std::string>;

/// The cells of one line (RFC 4180, without line ends in cells).
inline std::vector<std::string> csv_cells(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

/// The rows of a table with a head line.
inline std::vector<CsvRow> csv_rows(const std::filesystem::path& path) {
  std::vector<CsvRow> rows;
  std::vector<std::string> names;
  std::string rest = read_text(path);
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto cells = csv_cells(rest.substr(0, end));
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
    if (names.empty()) {
      names = cells;
      continue;
    }
    CsvRow row;
    for (std::size_t i = 0; i < names.size() && i < cells.size(); ++i) row[names[i]] = cells[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace keystore::testing
