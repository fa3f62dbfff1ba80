#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

// Runs a fuzz target without a fuzzer: every seed as it is, cut short, and with a few changed
// octets (the same ones each time). Arguments: how many changes for each seed, then folders of
// seeds and names of archives of the corpus. The input in hand is kept in a file until it is done,
// so that what crashed can be looked at.

namespace {

namespace fs = std::filesystem;
using keystore::testing::Workspace;
using Input = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

constexpr auto longest_run = std::chrono::seconds(5);

struct Replay {
  int kept = -1;
  int changes = 0;
  std::mt19937 random{1};
  std::size_t inputs = 0;
  Clock::duration slowest = {};
};

std::vector<fs::path> seeds_in(const fs::path& folder);
void replay_seed(Replay& replay, const fs::path& seed);
void run(Replay& replay, const Input& input);
Input changed(Replay& replay, Input input);
fs::path corpus();

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const Workspace workspace;
  const auto kept = fs::current_path() / (fs::path(arguments[0]).filename().string() + ".input");
  Replay replay{.kept = open(kept.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600),
                .changes = std::atoi(arguments[1])};
  for (int i = 2; i < count; ++i) {
    fs::path folder = arguments[i];
    if (folder.extension() == ".xz") {
      const auto archive = corpus() / "fuzz" / folder;
      if (!fs::exists(archive)) {
        std::printf("SKIPPED: no %s (set KEYSTORE_CORPUS)\n", archive.c_str());
        continue;
      }
      folder = workspace / ("archive" + std::to_string(i));
      fs::create_directory(folder);
      const auto unpacked = keystore::testing::run({"tar", "-xJf", archive, "-C", folder});
      if (!unpacked.ok()) {
        std::printf("cannot unpack %s: %s\n", archive.c_str(), unpacked.text().c_str());
        return 1;
      }
    }
    const auto seeds = seeds_in(folder);
    if (seeds.empty()) {
      std::printf("no seeds in %s\n", folder.c_str());
      return 1;
    }
    for (const auto& seed : seeds) replay_seed(replay, seed);
    std::printf("%s: %zu seeds\n", arguments[i], seeds.size());
  }
  fs::remove(kept);
  std::printf("%zu inputs, the slowest took %.1f ms\n", replay.inputs,
              std::chrono::duration<double, std::milli>(replay.slowest).count());
}

namespace {

std::vector<fs::path> seeds_in(const fs::path& folder) {
  std::vector<fs::path> seeds;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) seeds.push_back(entry.path());
  }
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

void replay_seed(Replay& replay, const fs::path& seed) {
  std::ifstream file(seed, std::ios::binary);
  const Input input((std::istreambuf_iterator<char>(file)), {});
  run(replay, input);
  for (int i = 0; i < replay.changes; ++i) run(replay, changed(replay, input));
}

void run(Replay& replay, const Input& input) {
  const auto size = static_cast<ssize_t>(input.size());
  require(ftruncate(replay.kept, size) == 0 &&
              pwrite(replay.kept, input.data(), input.size(), 0) == size,
          "the input is kept");
  // A copy of the exact size, so that a sanitizer sees a read past its end.
  const auto start = Clock::now();
  const Input exact(input);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  ++replay.inputs;
  const auto took = Clock::now() - start;
  replay.slowest = std::max(replay.slowest, took);
  require(took < longest_run, "an input is done with in time");
}

Input changed(Replay& replay, Input input) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : replay.random() % limit; };
  if (below(4) == 0) {
    input.resize(below(input.size()));
    return input;
  }
  for (auto left = 1 + below(3); left > 0 && !input.empty(); --left) {
    auto& octet = input[below(input.size())];
    octet = static_cast<std::uint8_t>(below(2) == 0 ? replay.random() : octet ^ (1U << below(8)));
  }
  return input;
}

fs::path corpus() {
  if (const char* folder = std::getenv("KEYSTORE_CORPUS")) return folder;
  const char* source = std::getenv("KEYSTORE_SOURCE");
  return fs::path(source != nullptr ? source : ".") / "../shared/corpus";
}

}  // namespace
