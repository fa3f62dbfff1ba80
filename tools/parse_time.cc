#include <fmt/format.h>

#include <cstdio>

#include "tools/verification.h"

namespace keystore::cli {

Result<std::chrono::sys_seconds> parse_time(std::string_view text) {
  const auto malformed = [&] {
    return fail(Errc::invalid_argument, fmt::format("'{}' is not a time", text),
                "say it as in 2026-03-01T12:00:00Z (RFC 3339)");
  };
  const std::string whole(text);
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int used = 0;
  const int count = std::sscanf(whole.c_str(), "%4d-%2u-%2u%*1[Tt ]%2d:%2d:%2d%n", &year, &month,
                                &day, &hour, &minute, &second, &used);
  if (count != 6 || used != 19) return malformed();
  std::string_view rest = std::string_view(whole).substr(19);
  if (rest.starts_with('.')) {
    const auto end = rest.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) return malformed();
    rest.remove_prefix(end);
  }
  std::chrono::minutes offset{0};
  if (rest != "Z" && rest != "z") {
    int hours = 0;
    int minutes = 0;
    const bool shaped = rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') &&
                        std::sscanf(rest.data() + 1, "%2d:%2d", &hours, &minutes) == 2;
    if (!shaped || hours > 23 || minutes > 59) return malformed();
    offset = std::chrono::minutes((rest[0] == '-' ? -1 : 1) * (hours * 60 + minutes));
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  const bool in_day =
      hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  if (!date.ok() || !in_day) return malformed();
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) - offset;
}

}  // namespace keystore::cli
