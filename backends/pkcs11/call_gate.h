#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace keystore::pkcs11 {

/// Counts the calls inside a module, spread over cache lines so that threads do not share one.
class CallCounters {
 public:
  struct alignas(64) Lane {
    std::atomic<std::uint32_t> inside = 0;
  };

  Lane& lane(std::size_t index) noexcept { return lanes_[index % lanes_.size()]; }
  std::uint32_t inside() const noexcept;

 private:
  std::array<Lane, 64> lanes_ = {};
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
