#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "keystore/bytes.h"

namespace keystore::provider {

/// The secret of TLS 1.2's RSA key exchange (RFC 5246, 7.4.7.1): two octets of version, 46 random.
inline constexpr std::size_t premaster_size = 48;
using Premaster = std::array<std::uint8_t, premaster_size>;

/// A modulus that a padded premaster fits into (RFC 8017, 7.2.1).
inline constexpr std::size_t smallest_premaster_block = premaster_size + 11;

/// The versions that a premaster may start with.
struct PremasterVersions {
  unsigned offered = 0;     ///< in the client's hello
  unsigned negotiated = 0;  ///< 0: must be `offered`; some clients write the negotiated one
};

/// Takes the premaster out of what the RSA operation gave, into `premaster`, which holds a random
/// one at the call: that stays where padding or version are wrong. Neither result nor time nor
/// memory access tell which it was (Bleichenbacher). `block` is as long as the modulus, at least
/// smallest_premaster_block.
void take_premaster(BytesView block, const PremasterVersions& versions, Premaster& premaster);

}  // namespace keystore::provider
