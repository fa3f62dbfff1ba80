#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace keystore::testing {

/// Where threads wait until a test lets them on. Any thread.
class Gate {
 public:
  /// Waits until it is open.
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    most_inside_ = std::max(most_inside_, ++inside_);
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    --inside_;
    changed_.notify_all();
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// Waits until so many have arrived, ever.
  void await(int arrivals) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= arrivals; });
  }
  int most_inside() {
    const std::scoped_lock lock(mutex_);
    return most_inside_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
  int inside_ = 0;
  int most_inside_ = 0;
};

/// A gate that threads may still stand at when its test ends: never freed.
inline Gate& new_gate() {
  static std::vector<Gate*> kept;
  kept.push_back(new Gate);
  return *kept.back();
}

}  // namespace keystore::testing
