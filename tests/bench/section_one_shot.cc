#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "tests/bench/rivals.h"
#include "tests/bench/sections.h"
#include "tests/support/process.h"

namespace keystore::bench {
namespace {

/// One program that is run from start to end.
struct Command {
  std::string name;
  std::vector<std::string> arguments;
  std::filesystem::path openssl_conf = {};
};

Cost run_once(const Settings& settings, const Command& command) {
  static const std::string digest(32, 'd');
  std::vector<std::string> whole = {settings.build / "tests/bench/run-once"};
  whole.insert(whole.end(), command.arguments.begin(), command.arguments.end());
  const auto done = testing::run(
      whole, {.input = digest, .environment = {"OPENSSL_CONF=" + command.openssl_conf.string()}});
  std::istringstream text(done.out);
  double wall = 0;
  double processor = 0;
  double peak_kib = 0;
  if (!done.ok() || !(text >> wall >> processor >> peak_kib)) {
    throw std::runtime_error(command.name + ": " + done.text());
  }
  return {1e3 * wall, 1e3 * processor, peak_kib / 1024};
}

Cost operator+(const Cost& a, const Cost& b) {
  return {a.wall_ms + b.wall_ms, a.processor_ms + b.processor_ms, a.peak_mib + b.peak_mib};
}

Cost operator-(const Cost& a, const Cost& b) {
  return {a.wall_ms - b.wall_ms, a.processor_ms - b.processor_ms, a.peak_mib - b.peak_mib};
}

Cost median(std::vector<Cost> costs) {
  const auto of = [&costs](double Cost::*what) {
    std::ranges::sort(costs, {}, what);
    return costs[costs.size() / 2].*what;
  };
  return {of(&Cost::wall_ms), of(&Cost::processor_ms), of(&Cost::peak_mib)};
}

std::filesystem::path write_configuration(const testing::SoftHsm& hsm, const std::string& name,
                                          const std::string& text) {
  const auto path = hsm.folder() / name;
  testing::write_text(path, text);
  return path;
}

std::filesystem::path our_configuration(const testing::SoftHsm& hsm, const Settings& settings) {
  const auto printed = testing::run({settings.build / "bin/keystore", "openssl-conf"});
  if (!printed.ok()) throw std::runtime_error(printed.text());
  return write_configuration(hsm, "ours.cnf", printed.out);
}

std::filesystem::path make_file_key(const testing::SoftHsm& hsm) {
  const auto path = hsm.folder() / "file.pem";
  const auto made = testing::run({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                                  "ec_paramgen_curve:P-256", "-out", path});
  if (!made.ok()) throw std::runtime_error(made.text());
  return path;
}

}  // namespace

// The floor is what the command costs with a key in a file, and a program of PKCS#11 alone beside
// it, less the libcrypto that both load.
void measure_one_shot(const Settings& settings, Report& report) {
  const testing::SoftHsm hsm("bench");
  const auto reference = make_key(hsm, settings.build, ec_subject);
  const auto plain = write_configuration(hsm, "plain.cnf", "");
  const auto ours = our_configuration(hsm, settings);
  const auto uri = hsm.uri(ec_subject.label) + ";type=private?pin-source=" + hsm.pin_source();
  const auto file = make_file_key(hsm);
  const auto digest = hsm.folder() / "digest";
  testing::write_text(digest, std::string(32, 'd'));
  const std::string floor = settings.build / "tests/bench/one-shot";
  const auto sign_with = [&](const std::string& key) {
    return std::vector<std::string>{"openssl", "pkeyutl", "-sign", "-in", digest, "-inkey", key};
  };
  std::vector<Command> commands = {
      {"pkcs11", {floor, testing::SoftHsm::module_path(), hsm.pin(), ec_subject.label}, plain},
      {"libcrypto", {floor, "libcrypto.so.3"}, plain},
      {"openssl, file", sign_with(file), plain},
      {"file, ours unused", sign_with(file), ours},
      {"reference", sign_with(reference), ours},
      {"URI", sign_with(uri), ours}};
  if (!engine_is_installed()) {
    report.skip("libp11 engine", "not installed");
  } else {
    auto by_engine = sign_with(hsm.uri(ec_subject.label) + ";type=private?pin-value=" + hsm.pin());
    by_engine.insert(by_engine.end(), {"-keyform", "engine", "-engine", "pkcs11"});
    commands.push_back({"libp11 engine", by_engine, plain});
  }
  const testing::EnvironmentGuard module("PKCS11_MODULE_PATH", testing::SoftHsm::module_path());
  std::vector<std::vector<Cost>> rounds(commands.size() + 1);
  std::vector<std::vector<Cost>> over(commands.size() + 1);
  for (unsigned round = 0; round < (settings.quick ? 3U : 101U); ++round) {
    std::vector<Cost> costs;
    for (const auto& command : commands) costs.push_back(run_once(settings, command));
    costs.insert(costs.begin(), costs[0] + costs[2] - costs[1]);
    for (std::size_t i = 0; i < costs.size(); ++i) {
      rounds[i].push_back(costs[i]);
      over[i].push_back(costs[i] - costs[0]);
    }
  }
  report.add_process("pkeyutl -sign, P-256", "floor: file + pkcs11", median(rounds[0]), {});
  for (std::size_t i = 0; i < commands.size(); ++i) {
    report.add_process("pkeyutl -sign, P-256", commands[i].name, median(rounds[i + 1]),
                       median(over[i + 1]));
  }
}

}  // namespace keystore::bench
