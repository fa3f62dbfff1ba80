#include <fmt/format.h>

#include <algorithm>

#include "tools/verification.h"

namespace keystore::cli {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether `text` has digits where `shape` has a 0, and elsewhere the same characters.
bool has_shape(std::string_view text, std::string_view shape) {
  return std::equal(text.begin(), text.end(), shape.begin(), shape.end(),
                    [](char c, char wanted) { return wanted == '0' ? is_digit(c) : c == wanted; });
}

int number(std::string_view digits) {
  int value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

/// "Z", "+01:00". Empty where it is neither.
std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  if (!has_shape(text, "+00:00") && !has_shape(text, "-00:00")) return std::nullopt;
  const int hours = number(text.substr(1, 2));
  const int minutes = number(text.substr(4, 2));
  if (hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::minutes((text[0] == '-' ? -1 : 1) * (hours * 60 + minutes));
}

}  // namespace

Result<std::chrono::sys_seconds> parse_time(std::string_view text) {
  const auto malformed = [&] {
    return fail(Errc::invalid_argument, fmt::format("'{}' is not a time", text),
                "say it as in 2026-03-01T12:00:00Z (RFC 3339)");
  };
  constexpr std::size_t size_of_date = 10;
  constexpr std::size_t size_of_both = 19;
  if (text.size() < size_of_both) return malformed();
  const auto date = text.substr(0, size_of_date);
  const auto time = text.substr(size_of_date + 1, size_of_both - size_of_date - 1);
  const char between = text[size_of_date];
  if (!has_shape(date, "0000-00-00") || !has_shape(time, "00:00:00")) return malformed();
  if (between != 'T' && between != 't' && between != ' ') return malformed();
  auto rest = text.substr(size_of_both);
  if (rest.starts_with('.')) {
    const auto end = std::find_if_not(rest.begin() + 1, rest.end(), is_digit) - rest.begin();
    if (end == 1) return malformed();
    rest.remove_prefix(static_cast<std::size_t>(end));
  }
  const auto offset = parse_offset(rest);
  const std::chrono::year_month_day day{
      std::chrono::year(number(date.substr(0, 4))),
      std::chrono::month(static_cast<unsigned>(number(date.substr(5, 2)))),
      std::chrono::day(static_cast<unsigned>(number(date.substr(8, 2))))};
  const int hour = number(time.substr(0, 2));
  const int minute = number(time.substr(3, 2));
  const int second = number(time.substr(6, 2));
  if (!offset || !day.ok() || hour > 23 || minute > 59 || second > 60) return malformed();
  return std::chrono::sys_days(day) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) - *offset;
}

}  // namespace keystore::cli
