#pragma once

#include <string>
#include <string_view>

#include "keystore/api.h"

namespace keystore {

/// What the key's algorithm identifier says. `rsa` includes keys restricted to PSS.
enum class KeyType { rsa, ec, ed25519, ed448, x25519, x448, dsa, other };

/// "rsa", "ec", "ed25519", …: as in JSON output.
KEYSTORE_API std::string_view to_string(KeyType type) noexcept;

/// Type and size of a key, known without the private half.
struct KeyShape {
  KeyType type = KeyType::other;
  unsigned bits = 0;
  std::string curve = {};  ///< "P-256", "P-384", "P-521", else OpenSSL's short name; EC only
  bool rsa_pss_only = false;  ///< id-RSASSA-PSS (RFC 4055, 3.1)

  bool operator==(const KeyShape&) const = default;
};

}  // namespace keystore
