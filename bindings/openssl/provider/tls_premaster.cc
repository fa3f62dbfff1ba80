#include "bindings/openssl/provider/tls_premaster.h"

namespace keystore::provider {
namespace {

/// All bits set or none: the answers of the questions below, for which no branch is taken.
using Mask = std::uint32_t;

/// Hides where a mask came from, so that the compiler makes no branch of it.
Mask opaque(Mask mask) {
  __asm__("" : "+r"(mask));  // NOLINT(hicpp-no-assembler): there is no other barrier for a value
  return mask;
}

Mask is_zero(std::uint32_t value) { return opaque(0 - ((~value & (value - 1)) >> 31)); }

Mask equal(std::uint32_t a, std::uint32_t b) { return is_zero(a ^ b); }

Mask starts_with(BytesView secret, unsigned version) {
  return equal(secret[0], (version >> 8) & 0xff) & equal(secret[1], version & 0xff);
}

}  // namespace

void take_premaster(BytesView block, const PremasterVersions& versions, Premaster& premaster) {
  const auto secret = block.last(premaster_size);
  const auto filling = block.subspan(2, block.size() - premaster_size - 3);
  auto good = equal(block[0], 0x00) & equal(block[1], 0x02);
  for (const auto octet : filling) good &= ~is_zero(octet);
  good &= is_zero(block[block.size() - premaster_size - 1]);
  auto version = starts_with(secret, versions.offered);
  if (versions.negotiated != 0) version |= starts_with(secret, versions.negotiated);
  good = opaque(good & version);
  for (std::size_t i = 0; i < premaster_size; ++i) {
    premaster[i] = static_cast<std::uint8_t>((secret[i] & good) | (premaster[i] & ~good));
  }
}

}  // namespace keystore::provider
