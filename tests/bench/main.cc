// keystore_bench [--json] [--quick]: signatures through the provider against raw PKCS#11 on the
// same SoftHSM token, and OpenSSL's own software keys beside them.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "tests/bench/contenders.h"
#include "tests/support/process.h"

namespace keystore::bench {
namespace {

struct Row {
  Subject subject;
  unsigned threads;
  std::vector<Result> results;
};

std::vector<Row> measure_all(const Effort& effort);
void make_key(const testing::SoftHsm& hsm, const std::string& command, const Subject& subject,
              const std::filesystem::path& reference);
void print_table(const std::vector<Row>& rows);
void print_json(const std::vector<Row>& rows);

}  // namespace
}  // namespace keystore::bench

int main(int argc, char** argv) try {
  using namespace keystore::bench;
  bool json = false;
  Effort effort;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--json") {
      json = true;
    } else if (option == "--quick") {
      effort = {.rounds = 7, .seconds_per_batch = 0.02};
    } else {
      throw std::runtime_error("usage: keystore_bench [--json] [--quick]");
    }
  }
  const auto rows = measure_all(effort);
  json ? print_json(rows) : print_table(rows);
  return 0;
} catch (const std::exception& problem) {
  fmt::print(stderr, "keystore_bench: error: {}\n", problem.what());
  return 2;
}

namespace keystore::bench {
namespace {

std::vector<Row> measure_all(const Effort& effort) {
  const char* folder = std::getenv("KEYSTORE_BUILD");
  if (!folder) throw std::runtime_error("KEYSTORE_BUILD is not set; use tools/bench");
  const std::filesystem::path build = folder;
  const testing::SoftHsm hsm("bench");
  const auto context = application_context(build);
  std::vector<Row> rows;
  for (const Subject& subject : {Subject{"rsa:2048", "rsa"}, Subject{"ec:p256", "ec"}}) {
    const auto reference = hsm.folder() / (subject.label + ".pem");
    make_key(hsm, build / "bin/keystore", subject, reference);
    const auto key = load_pem(reference, context.get());
    const auto software = software_key(subject.type, context.get());
    const std::vector contenders = {raw_pkcs11(hsm, subject),
                                    evp("provider", key.get(), context.get()),
                                    evp("openssl", software.get(), context.get())};
    for (unsigned threads : {1u, 2u}) {
      rows.push_back({subject, threads, measure(contenders, threads, effort)});
    }
  }
  return rows;
}

void make_key(const testing::SoftHsm& hsm, const std::string& command, const Subject& subject,
              const std::filesystem::path& reference) {
  const auto made = testing::run({command, "new", hsm.uri(), "--type", subject.type, "--label",
                                  subject.label, "--pin", hsm.pin_source()});
  if (!made.ok()) throw std::runtime_error("keystore new: " + made.text());
  const auto referred = testing::run({command, "ref", hsm.uri(subject.label) + ";type=private",
                                      "--pin", hsm.pin_source(), "--out", reference});
  if (!referred.ok()) throw std::runtime_error("keystore ref: " + referred.text());
}

void print_table(const std::vector<Row>& rows) {
  fmt::print("{:<9} {:>7}  {:<9} {:>11} {:>14} {:>10} {:>14}\n", "key", "threads", "through",
             "signs/s", "processor us", "ratio", "quartiles");
  for (const auto& row : rows) {
    for (const auto& result : row.results) {
      fmt::print("{:<9} {:>7}  {:<9} {:>11.0f} {:>14.1f} {:>10.3f} {:>7.3f}-{:.3f}\n",
                 row.subject.type, row.threads, result.name, result.per_second, result.processor_us,
                 result.ratio, result.ratio_low, result.ratio_high);
    }
  }
  fmt::print("ratio: median of the throughput against raw PKCS#11 in the same round\n");
}

void print_json(const std::vector<Row>& rows) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& row : rows) {
    for (const auto& result : row.results) {
      list.push_back({{"key", row.subject.type},
                      {"threads", row.threads},
                      {"through", result.name},
                      {"per_second", result.per_second},
                      {"processor_us", result.processor_us},
                      {"ratio", result.ratio},
                      {"ratio_quartiles", {result.ratio_low, result.ratio_high}}});
    }
  }
  const nlohmann::json document = {{"schema", "keystore/1"}, {"measurements", list}};
  fmt::print("{}\n", document.dump(2));
}

}  // namespace
}  // namespace keystore::bench
