#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <optional>

#include "keystore/key_type.h"

namespace keystore::provider {

/// What libcrypto asks about a key as soon as it has it.
struct KeyFigures {
  int bits = 0;
  int security_bits = 0;     ///< NIST SP 800-57, part 1
  std::size_t max_size = 0;  ///< of a signature, a block, or a shared secret, in octets

  bool operator==(const KeyFigures&) const = default;
};

/// Those of the usual types and sizes, without a look at the key. Not set for others.
std::optional<KeyFigures> usual_figures(const KeyShape& shape) noexcept;
/// Those of any key.
KeyFigures figures_of(const EVP_PKEY* pkey) noexcept;

}  // namespace keystore::provider
