#pragma once

#include <memory>

#include "backends/pkcs11/key_mechanisms.h"

namespace keystore::pkcs11 {

/// What a token can do, and how it departs from the standard: for keys that come and go.
struct TokenAbilities {
  std::shared_ptr<const MechanismTable> mechanisms;  ///< not null
  Quirks quirks = {};

  bool has(CK_MECHANISM_TYPE mechanism) const { return mechanisms->lists(mechanism); }
  Abilities for_keys(KeyType type) const { return {mechanisms->for_keys(type), quirks}; }
};

}  // namespace keystore::pkcs11
