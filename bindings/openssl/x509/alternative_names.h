#pragma once

#include <span>
#include <string>
#include <string_view>

#include "keystore/internal/openssl_ptr.h"
#include "keystore/result.h"

namespace keystore::openssl {

/// Names as "dns:example.org", "ip:192.0.2.1", "email:a@b", "uri:https://…". Errors:
/// invalid_argument, naming the one that is off.
Result<GeneralNamesPtr> parse_alternative_names(std::span<const std::string> names);

/// Letters, digits, hyphens and dots, perhaps with "*." in front: what TLS clients compare.
bool is_host_name(std::string_view text) noexcept;

}  // namespace keystore::openssl
