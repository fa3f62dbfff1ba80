#pragma once

#include <source_location>
#include <string>

#include "bindings/openssl/provider/provider.h"
#include "keystore/error.h"

namespace keystore::provider {

/// Puts `error` into OpenSSL's error queue, as an error of this provider: its code as the reason,
/// message and hint as the text. A failure is a line in the configured log, too.
void raise(const Provider& provider, const Error& error,
           std::source_location where = std::source_location::current()) noexcept;
void raise(const Provider& provider, Errc code, const std::string& message,
           std::source_location where = std::source_location::current()) noexcept;

/// The texts of the reasons, for ERR_reason_error_string.
const OSSL_ITEM* reason_strings() noexcept;

}  // namespace keystore::provider
