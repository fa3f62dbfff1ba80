#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keystore::verify::doctor {

/// Where a TLS server listens.
struct TlsAddress {
  std::string host = {};  ///< name or address, without brackets
  std::string port = {};  ///< empty: the usual one

  /// "tls://HOST:PORT", or "tls://HOST", or "HOST:PORT" where no file of that name exists and HOST
  /// is not the scheme of a store; an IPv6 address stands in brackets. Empty: the target is
  /// something else.
  static std::optional<TlsAddress> parse(std::string_view target);

  bool is_numeric() const;
};

}  // namespace keystore::verify::doctor
