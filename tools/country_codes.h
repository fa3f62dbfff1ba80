#pragma once

#include <string_view>

namespace keystore::cli {

/// Whether `code` is assigned to a country or territory (ISO 3166-1 alpha-2; capitals only).
bool is_country_code(std::string_view code) noexcept;

}  // namespace keystore::cli
