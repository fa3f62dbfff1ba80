#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

namespace keystore::pkcs11 {

/// A call that has been inside a module for long.
struct LongCall {
  const char* function = "";
  std::chrono::nanoseconds time = {};
};

/// The calls inside a module, spread over cache lines so that threads do not share one. Each lane
/// counts its calls and remembers one of them, so that one that hangs can be named. Any thread.
class CallCounters {
 public:
  struct alignas(64) Lane {
    std::atomic<std::uint32_t> inside = 0;
    std::atomic<const char*> function = nullptr;  ///< of the call remembered; null: none
    std::atomic<std::chrono::nanoseconds> since = {};
    std::atomic<std::thread::id> thread = {};
    std::atomic<bool> told = false;

    /// True: this call is remembered, until forget_call().
    bool remember_call(const char* name) noexcept {
      if (function.load(std::memory_order_relaxed) != nullptr) return false;
      since.store(now(), std::memory_order_relaxed);
      thread.store(std::this_thread::get_id(), std::memory_order_relaxed);
      function.store(name, std::memory_order_release);
      return true;
    }
    void forget_call() noexcept { function.store(nullptr, std::memory_order_release); }
  };

  Lane& lane(std::size_t index) noexcept { return lanes_[index % lanes_.size()]; }
  std::uint32_t inside() const noexcept;
  /// All calls inside hang: nothing comes of waiting for them.
  bool all_hang() const noexcept;
  /// The call that `thread` is in for longer than `limit`, if there is one.
  std::optional<LongCall> long_call_of(std::thread::id thread,
                                       std::chrono::nanoseconds limit) const noexcept;
  /// The calls that hang, each given once.
  std::vector<LongCall> newly_hanging();
  /// True once a second, for one thread.
  bool look_is_due() noexcept {
    const auto time = now();
    auto due = next_look_.load(std::memory_order_relaxed);
    return time >= due && next_look_.compare_exchange_strong(due, time + std::chrono::seconds(1));
  }

  /// What takes longer than this hangs.
  static constexpr std::chrono::nanoseconds hanging = std::chrono::seconds(2);

 private:
  /// To some milliseconds, for a quarter of the price of an exact clock.
  static std::chrono::nanoseconds now() noexcept;

  std::array<Lane, 64> lanes_ = {};
  std::atomic<std::chrono::nanoseconds> next_look_ = {};
};

/// The door that every call of a process goes through: open; paused for the moment of a fork; or
/// closed for good when the process ends.
class CallGate {
 public:
  /// Counts the call in. False: closed, make no call. May wait for a fork to be over.
  bool enter(CallCounters::Lane& lane) noexcept {
    lane.inside.fetch_add(1);
    if (word_.load() == 0) [[likely]]
      return true;
    return enter_slowly(lane);
  }
  void leave(CallCounters::Lane& lane) noexcept { lane.inside.fetch_sub(1); }

  void pause() noexcept { word_.fetch_add(1); }
  void resume() noexcept;
  void close() noexcept { word_.fetch_or(closed_bit); }
  bool closed() const noexcept { return (word_.load() & closed_bit) != 0; }

 private:
  static constexpr std::uint32_t closed_bit = 1U << 31;
  bool enter_slowly(CallCounters::Lane& lane) noexcept;

  std::atomic<std::uint32_t> word_ = 0;  ///< closed_bit, and the number of pauses
};

}  // namespace keystore::pkcs11
