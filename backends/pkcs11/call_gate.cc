#include "backends/pkcs11/call_gate.h"

#include <time.h>

namespace keystore::pkcs11 {

std::uint32_t CallCounters::inside() const noexcept {
  std::uint32_t sum = 0;
  for (const auto& lane : lanes_) sum += lane.inside.load();
  return sum;
}

bool CallCounters::all_hang() const noexcept {
  const auto time = now();
  for (const auto& lane : lanes_) {
    const auto inside = lane.inside.load();
    const bool hangs = lane.function.load() != nullptr && time - lane.since.load() > hanging;
    if (inside > (hangs ? 1U : 0U)) return false;
  }
  return true;
}

std::optional<LongCall> CallCounters::long_call_of(std::thread::id thread,
                                                   std::chrono::nanoseconds limit) const noexcept {
  for (const auto& lane : lanes_) {
    const auto* function = lane.function.load(std::memory_order_acquire);
    if (function == nullptr || lane.thread.load() != thread) continue;
    const auto time = now() - lane.since.load();
    if (time > limit) return LongCall{function, time};
  }
  return std::nullopt;
}

std::vector<LongCall> CallCounters::newly_hanging() {
  const auto time = now();
  std::vector<LongCall> found;
  for (auto& lane : lanes_) {
    const auto* function = lane.function.load(std::memory_order_acquire);
    const auto since = lane.since.load();
    const bool hangs = function != nullptr && time - since > hanging;
    if (!hangs) {
      lane.told = false;
    } else if (!lane.told.exchange(true)) {
      found.push_back({function, time - since});
    }
  }
  return found;
}

std::chrono::nanoseconds CallCounters::now() noexcept {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void CallGate::resume() noexcept {
  word_.fetch_sub(1);
  word_.notify_all();
}

bool CallGate::enter_slowly(CallCounters::Lane& lane) noexcept {
  for (;;) {
    lane.inside.fetch_sub(1);
    const auto word = word_.load();
    if ((word & closed_bit) != 0) return false;
    if (word != 0) word_.wait(word);
    lane.inside.fetch_add(1);
    if (word_.load() == 0) return true;
  }
}

}  // namespace keystore::pkcs11
