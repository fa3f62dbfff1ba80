// keystore_bench [--json] [--quick] [--only SECTION[,SECTION…]] [--pairs N]: medians of paired
// ratios against the floor under what is measured, as a table or as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/bench/sections.h"
#include "tests/support/process.h"

namespace keystore::bench {
namespace {

struct Options {
  bool json = false;
  std::set<std::string> only = {};
  std::string section = {};  ///< set in the process of one section
  Settings settings = {};
};

Options parse(const std::vector<std::string>& arguments);
std::string usage();
nlohmann::json run_section(const Section& section, const Options& options);
nlohmann::json run_in_process(const Section& section, const std::vector<std::string>& arguments);

}  // namespace
}  // namespace keystore::bench

int main(int argc, char** argv) try {
  using namespace keystore::bench;
  const std::vector<std::string> arguments(argv, argv + argc);
  const auto options = parse(arguments);
  nlohmann::json whole = {{"schema", "keystore/1"},
                          {"measurements", nlohmann::json::array()},
                          {"processes", nlohmann::json::array()},
                          {"skipped", nlohmann::json::array()}};
  for (const auto& section : sections) {
    const std::string name(section.name);
    if (options.section == name) {
      fmt::print("{}\n", run_section(section, options).dump());
      std::fflush(stdout);
      std::_Exit(0);  // rivals take down at exit what others still use
    }
    if (!options.section.empty() || (!options.only.empty() && !options.only.contains(name)))
      continue;
    fmt::print(stderr, "measuring {}: {}\n", section.name, section.says);
    const auto part = run_in_process(section, arguments);
    for (const auto* list : {"measurements", "processes", "skipped"}) {
      whole[list].insert(whole[list].end(), part.at(list).begin(), part.at(list).end());
    }
  }
  options.json ? fmt::print("{}\n", whole.dump(2)) : print_table(whole);
  return 0;
} catch (const std::exception& problem) {
  fmt::print(stderr, "keystore_bench: error: {}\n", problem.what());
  return 2;
}

namespace keystore::bench {
namespace {

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  const char* folder = std::getenv("KEYSTORE_BUILD");
  if (!folder) throw std::runtime_error("KEYSTORE_BUILD is not set; use tools/bench");
  options.settings.build = folder;
  const auto value = [&](std::size_t& i) {
    if (i + 1 == arguments.size()) throw std::runtime_error(usage());
    return arguments[++i];
  };
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const auto& option = arguments[i];
    if (option == "--json") {
      options.json = true;
    } else if (option == "--quick") {
      options.settings.quick = true;
      options.settings.effort = {.rounds = 5, .seconds_per_batch = 0.02};
      options.settings.pairs = std::min(options.settings.pairs, 50U);
    } else if (option == "--pairs") {
      options.settings.pairs = static_cast<unsigned>(std::stoul(value(i)));
    } else if (option == "--only") {
      std::istringstream names(value(i));
      for (std::string name; std::getline(names, name, ',');) {
        const auto known = std::ranges::any_of(
            sections, [&](const Section& section) { return section.name == name; });
        if (!known) throw std::runtime_error(usage());
        options.only.insert(name);
      }
    } else if (option == "--section") {
      options.section = value(i);
    } else {
      throw std::runtime_error(usage());
    }
  }
  return options;
}

std::string usage() {
  std::string text = "usage: keystore_bench [--json] [--quick] [--only SECTION,…] [--pairs N]";
  for (const auto& section : sections)
    text += fmt::format("\n  {:<7} {}", section.name, section.says);
  return text;
}

nlohmann::json run_section(const Section& section, const Options& options) {
  Report report{std::string(section.name)};
  section.run(options.settings, report);
  return {{"measurements", report.rows()},
          {"processes", report.processes()},
          {"skipped", report.skipped()}};
}

nlohmann::json run_in_process(const Section& section, const std::vector<std::string>& arguments) {
  auto command = arguments;
  command.front() = "/proc/self/exe";
  command.emplace_back("--section");
  command.emplace_back(section.name);
  const auto done = testing::run(command, {.timeout = std::chrono::hours(2)});
  if (!done.ok()) throw std::runtime_error(fmt::format("{}: {}", section.name, done.text()));
  return nlohmann::json::parse(done.out);
}

}  // namespace
}  // namespace keystore::bench
