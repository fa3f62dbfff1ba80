#include "tests/bench/measure.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <thread>

namespace keystore::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Batch {
  double seconds = 0;
  double processor_seconds = 0;
};

Batch run_batch(std::vector<Work>& workers, unsigned count);
unsigned count_for(std::vector<Work>& workers, double seconds);
double processor_seconds();
double quantile(std::vector<double> values, double at);
Measured summarise(const Contender& contender, const std::vector<Batch>& batches,
                   const std::vector<Batch>& base, double operations, double base_operations);

}  // namespace

std::vector<Measured> measure(const std::vector<Contender>& contenders, unsigned threads,
                              const Effort& effort) {
  std::vector<std::vector<Work>> workers;
  std::vector<unsigned> counts;
  for (const auto& contender : contenders) {
    auto& own = workers.emplace_back();
    for (unsigned i = 0; i < threads; ++i) own.push_back(contender.worker());
    counts.push_back(count_for(own, effort.seconds_per_batch));
  }

  std::vector<std::vector<Batch>> batches(contenders.size());
  for (unsigned round = 0; round < effort.rounds; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const auto which = round % 2 == 0 ? i : contenders.size() - 1 - i;
      batches[which].push_back(run_batch(workers[which], counts[which]));
    }
  }

  std::vector<Measured> results;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    results.push_back(summarise(contenders[i], batches[i], batches[0], 1.0 * counts[i] * threads,
                                1.0 * counts[0] * threads));
  }
  return results;
}

namespace {

// Workers note when they end: on a busy machine we may be woken late.
Batch run_batch(std::vector<Work>& workers, unsigned count) {
  const auto size = static_cast<std::ptrdiff_t>(workers.size());
  std::latch ready(size);
  std::latch go(1);
  std::vector<Clock::time_point> ends(workers.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    threads.emplace_back([&, i] {
      ready.count_down();
      go.wait();
      for (unsigned n = 0; n < count; ++n) workers[i]();
      ends[i] = Clock::now();
    });
  }
  ready.wait();
  const double processor = processor_seconds();
  const auto begin = Clock::now();
  go.count_down();
  threads.clear();
  const auto end = *std::max_element(ends.begin(), ends.end());
  return {std::chrono::duration<double>(end - begin).count(), processor_seconds() - processor};
}

// Also warms up: sessions, caches and the first use of everything are behind us afterwards.
unsigned count_for(std::vector<Work>& workers, double seconds) {
  unsigned count = 1;
  while (true) {
    const auto batch = run_batch(workers, count);
    if (batch.seconds > seconds / 4)
      return std::max(1u, static_cast<unsigned>(count * seconds / batch.seconds));
    count *= 2;
  }
}

double processor_seconds() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double quantile(std::vector<double> values, double at) {
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(at * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

Measured summarise(const Contender& contender, const std::vector<Batch>& batches,
                   const std::vector<Batch>& base, double operations, double base_operations) {
  std::vector<double> rates;
  std::vector<double> processor;
  std::vector<double> over;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    rates.push_back(operations / batches[i].seconds);
    processor.push_back(batches[i].processor_seconds / operations * 1e6);
    over.push_back(processor.back() - base[i].processor_seconds / base_operations * 1e6);
    ratios.push_back(rates.back() / (base_operations / base[i].seconds));
  }
  return {contender.name,        quantile(rates, 0.5),  quantile(processor, 0.5),
          quantile(over, 0.5),   quantile(ratios, 0.5), quantile(ratios, 0.25),
          quantile(ratios, 0.75)};
}

}  // namespace
}  // namespace keystore::bench
