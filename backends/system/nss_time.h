#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace keystore::system {

/// A time as NSS writes it, YYMMDDHHMMSSZ (UTCTime). Empty: it is none.
std::optional<std::chrono::sys_seconds> parse_nss_time(std::string_view text);

}  // namespace keystore::system
