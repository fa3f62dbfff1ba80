#pragma once

#include <string_view>

namespace keystore::pem {

/// Some editors put it in front of UTF-8; it is no part of the first line.
inline constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// Takes the first line off `text`, whatever its end (LF, CRLF, CR), and returns it without.
inline std::string_view take_line(std::string_view& text) noexcept {
  const auto end = text.find_first_of("\r\n");
  const std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos) {
    text.remove_prefix(text.size());
  } else {
    text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  return line;
}

/// Without blanks at the end.
inline std::string_view trim_right(std::string_view line) noexcept {
  const auto last = line.find_last_not_of(" \t\v\f");
  return last == std::string_view::npos ? std::string_view{} : line.substr(0, last + 1);
}

}  // namespace keystore::pem
