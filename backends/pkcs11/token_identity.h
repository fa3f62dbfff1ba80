#pragma once

#include <span>
#include <string>
#include <string_view>

#include "backends/pkcs11/cryptoki.h"

namespace keystore::pkcs11 {

/// What tells one token from another, whatever slot it is in. Slot numbers are never remembered:
/// SoftHSM derives them from serials, readers hand them out as tokens come.
struct TokenIdentity {
  std::string label = {};
  std::string manufacturer = {};
  std::string model = {};
  std::string serial = {};

  bool operator==(const TokenIdentity&) const = default;
  /// One text of all four, for hashing and maps.
  std::string key() const;
};

TokenIdentity identity_of(const CK_TOKEN_INFO& info);

/// A text field of PKCS#11: padded with blanks, without an end mark.
std::string trimmed(std::span<const CK_UTF8CHAR> field);

}  // namespace keystore::pkcs11
