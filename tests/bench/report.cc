#include "tests/bench/report.h"

#include <fmt/format.h>

namespace keystore::bench {

void Report::add(const std::string& what, unsigned threads, const std::vector<Measured>& results) {
  for (const auto& result : results) {
    rows_.push_back({{"section", section_},
                     {"what", what},
                     {"threads", threads},
                     {"through", result.name},
                     {"per_second", result.per_second},
                     {"processor_us", result.processor_us},
                     {"processor_over_us", result.over_us},
                     {"ratio", result.ratio},
                     {"ratio_quartiles", {result.ratio_low, result.ratio_high}}});
  }
}

void Report::add_process(const std::string& what, const std::string& through, const Cost& cost,
                         const Cost& over) {
  const auto fields = [](const Cost& shown) -> nlohmann::json {
    return {{"wall_ms", shown.wall_ms},
            {"processor_ms", shown.processor_ms},
            {"peak_mib", shown.peak_mib}};
  };
  processes_.push_back({{"section", section_},
                        {"what", what},
                        {"through", through},
                        {"cost", fields(cost)},
                        {"over_floor", fields(over)}});
}

void Report::skip(const std::string& through, const std::string& why) {
  skipped_.push_back({{"section", section_}, {"through", through}, {"why", why}});
}

namespace {

void print_processes(const nlohmann::json& rows) {
  if (rows.empty()) return;
  fmt::print("{:<9} {:<22} {:<22} {:>8} {:>8} {:>8}   over the floor\n", "section", "what",
             "through", "wall ms", "cpu ms", "MiB");
  for (const auto& row : rows) {
    const auto& cost = row.at("cost");
    const auto& over = row.at("over_floor");
    const auto of = [](const nlohmann::json& fields, const char* name) {
      return fields.at(name).get<double>();
    };
    fmt::print("{:<9} {:<22} {:<22} {:>8.2f} {:>8.2f} {:>8.2f}   {:+.2f} {:+.2f} {:+.2f}\n",
               row.at("section").get<std::string>(), row.at("what").get<std::string>(),
               row.at("through").get<std::string>(), of(cost, "wall_ms"), of(cost, "processor_ms"),
               of(cost, "peak_mib"), of(over, "wall_ms"), of(over, "processor_ms"),
               of(over, "peak_mib"));
  }
}

void print_measurements(const nlohmann::json& rows) {
  if (rows.empty()) return;
  fmt::print("{:<9} {:<26} {:>7}  {:<18} {:>11} {:>13} {:>9} {:>8} {:>13}\n", "section", "what",
             "threads", "through", "per second", "processor us", "over us", "ratio", "quartiles");
  for (const auto& row : rows) {
    const auto& quartiles = row.at("ratio_quartiles");
    fmt::print(
        "{:<9} {:<26} {:>7}  {:<18} {:>11.1f} {:>13.1f} {:>+9.1f} {:>8.3f} {:>6.3f}-{:.3f}\n",
        row.at("section").get<std::string>(), row.at("what").get<std::string>(),
        row.at("threads").get<unsigned>(), row.at("through").get<std::string>(),
        row.at("per_second").get<double>(), row.at("processor_us").get<double>(),
        row.at("processor_over_us").get<double>(), row.at("ratio").get<double>(),
        quartiles.at(0).get<double>(), quartiles.at(1).get<double>());
  }
  fmt::print(
      "over us: median of the processor time against the first row of its kind, in the same "
      "round; ratio: of the throughput\n");
}

}  // namespace

void print_table(const nlohmann::json& document) {
  print_measurements(document.at("measurements"));
  print_processes(document.at("processes"));
  for (const auto& row : document.at("skipped")) {
    fmt::print("skipped in {}: {}: {}\n", row.at("section").get<std::string>(),
               row.at("through").get<std::string>(), row.at("why").get<std::string>());
  }
}

}  // namespace keystore::bench
