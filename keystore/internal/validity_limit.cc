#include "keystore/internal/validity_limit.h"

namespace keystore {

unsigned most_days(std::chrono::sys_seconds at) noexcept {
  using namespace std::chrono;
  struct Row {
    sys_days from;
    unsigned days;
  };
  constexpr Row rows[] = {{sys_days(2029y / March / 15), 47},
                          {sys_days(2027y / March / 15), 100},
                          {sys_days(2026y / March / 15), 200}};
  for (const auto& row : rows) {
    if (at >= row.from) return row.days;
  }
  return 398;
}

}  // namespace keystore
