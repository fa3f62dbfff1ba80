#include "backends/pkcs11/call_gate.h"

namespace keystore::pkcs11 {

std::uint32_t CallCounters::inside() const noexcept {
  std::uint32_t sum = 0;
  for (const auto& lane : lanes_) sum += lane.inside.load();
  return sum;
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
