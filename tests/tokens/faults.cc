#include "tests/tokens/faults.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace keystore::testing {

struct FaultTable::Snapshot {
  struct timespec changed = {};
  ino_t inode = 0;
  off_t size = -1;
  std::vector<Fault> rows = {};
  const Snapshot* replaced = nullptr;  ///< kept reachable

  bool is_of(const struct stat& file) const noexcept {
    return inode == file.st_ino && size == file.st_size && changed.tv_sec == file.st_mtim.tv_sec &&
           changed.tv_nsec == file.st_mtim.tv_nsec;
  }
};

namespace {

std::optional<Fault> parse_row(const std::string& line);
void set_field(Fault& row, const std::string& name, const std::string& value);
std::string read_file(const std::filesystem::path& path);

}  // namespace

std::vector<Fault> parse_faults(std::string_view text) {
  std::vector<Fault> rows;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    try {
      if (auto row = parse_row(line.substr(0, line.find('#')))) rows.push_back(*row);
    } catch (const std::exception& problem) {
      throw std::invalid_argument("fault '" + line + "': " + problem.what());
    }
  }
  return rows;
}

FaultTable::FaultTable(std::filesystem::path file) : file_(std::move(file)) {}

std::optional<unsigned long> FaultTable::apply(Function function, std::uint64_t call,
                                               std::uint64_t sessions) noexcept {
  const Snapshot* snapshot = current();
  if (!snapshot) return {};
  for (const auto& row : snapshot->rows) {
    if (row.function != function || call < row.first || call > row.last) continue;
    if (row.max_sessions && sessions < *row.max_sessions) continue;
    if (row.delay.count() > 0) std::this_thread::sleep_for(row.delay);
    if (row.code) return row.code;
  }
  return {};
}

// A replaced snapshot is not freed: another thread may be reading it.
const FaultTable::Snapshot* FaultTable::current() {
  struct stat now = {};
  if (file_.empty() || stat(file_.c_str(), &now) != 0) return nullptr;
  const Snapshot* known = snapshot_;
  if (known && known->is_of(now)) return known;
  auto* fresh = new Snapshot{now.st_mtim, now.st_ino, now.st_size, parse_faults(read_file(file_))};
  fresh->replaced = snapshot_.exchange(fresh);
  return fresh;
}

namespace {

std::optional<Fault> parse_row(const std::string& line) {
  std::istringstream words(line);
  std::string name;
  if (!(words >> name)) return {};
  const auto found = std::find(function_names.begin(), function_names.end(), name);
  if (found == function_names.end()) throw std::invalid_argument("no such function");

  Fault row{.function = static_cast<Function>(found - function_names.begin())};
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) throw std::invalid_argument("no value for " + word);
    set_field(row, word.substr(0, equals), word.substr(equals + 1));
  }
  return row;
}

void set_field(Fault& row, const std::string& name, const std::string& value) {
  const unsigned long number = std::stoul(value, nullptr, 0);
  if (name == "delay") {
    row.delay = std::chrono::milliseconds(number);
  } else if (name == "code") {
    row.code = number;
  } else if (name == "on") {
    row.first = row.last = number;
  } else if (name == "from") {
    row.first = number;
  } else if (name == "to") {
    row.last = number;
  } else if (name == "sessions") {
    row.max_sessions = number;
  } else {
    throw std::invalid_argument("no such field: " + name);
  }
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace
}  // namespace keystore::testing
