#pragma once

#include <functional>
#include <string>
#include <vector>

namespace keystore::bench {

/// One operation; throws when it fails. Belongs to one thread.
using Work = std::function<void()>;

/// A way to do something, measured against others.
struct Contender {
  std::string name = {};
  std::function<Work()> worker = {};  ///< for one thread, with what it keeps between operations
};

/// Medians over all rounds.
struct Measured {
  std::string name = {};
  double per_second = 0;    ///< operations of all threads together
  double processor_us = 0;  ///< processor time of the process per operation, microseconds
  double over_us = 0;       ///< processor time against the first contender's in the same round
  double ratio = 0;         ///< throughput against the first contender in the same round
  double ratio_low = 0;     ///< lower quartile of that
  double ratio_high = 0;    ///< upper quartile
};

struct Effort {
  unsigned rounds = 31;
  double seconds_per_batch = 0.05;
};

/// Every contender runs once in each round, one after the other, first the one, then the other way
/// round, so that ratios are of neighbours in time.
std::vector<Measured> measure(const std::vector<Contender>& contenders, unsigned threads,
                              const Effort& effort);

}  // namespace keystore::bench
