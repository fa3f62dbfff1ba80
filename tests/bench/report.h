#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/bench/measure.h"

namespace keystore::bench {

/// Of a program from its start to its end.
struct Cost {
  double wall_ms = 0;
  double processor_ms = 0;
  double peak_mib = 0;  ///< of resident memory
};

/// What one section measured, and what it could not.
class Report {
 public:
  explicit Report(std::string section) : section_(std::move(section)) {}

  /// `what` is measured with so many threads; ratios are against the first result.
  void add(const std::string& what, unsigned threads, const std::vector<Measured>& results);
  /// A whole program, and how much of it is over the floor.
  void add_process(const std::string& what, const std::string& through, const Cost& cost,
                   const Cost& over);
  /// A contender that is not here, and why.
  void skip(const std::string& through, const std::string& why);

  const nlohmann::json& rows() const noexcept { return rows_; }
  const nlohmann::json& processes() const noexcept { return processes_; }
  const nlohmann::json& skipped() const noexcept { return skipped_; }

 private:
  std::string section_;
  nlohmann::json rows_ = nlohmann::json::array();
  nlohmann::json processes_ = nlohmann::json::array();
  nlohmann::json skipped_ = nlohmann::json::array();
};

/// {"schema", "measurements": [row…], "processes": [row…], "skipped": […]} as text for people.
void print_table(const nlohmann::json& document);

}  // namespace keystore::bench
