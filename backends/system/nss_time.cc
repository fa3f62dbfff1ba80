#include "backends/system/nss_time.h"

#include <array>
#include <charconv>

namespace keystore::system {

std::optional<std::chrono::sys_seconds> parse_nss_time(std::string_view text) {
  if (text.size() != 13 || text.back() != 'Z') return {};
  std::array<unsigned, 6> parts = {};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto* start = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(start, start + 2, parts[i]);
    if (error != std::errc() || end != start + 2) return {};
  }
  using namespace std::chrono;
  const int years = static_cast<int>(parts[0]);
  const year_month_day day{year(years + (years < 50 ? 2000 : 1900)), month(parts[1]),
                           std::chrono::day(parts[2])};
  if (!day.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return {};
  return sys_days(day) + hours(parts[3]) + minutes(parts[4]) + seconds(parts[5]);
}

}  // namespace keystore::system
