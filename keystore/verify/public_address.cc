#include "keystore/verify/internal/public_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

namespace keystore::verify {
namespace {

struct Range {
  std::array<std::uint8_t, 16> start;
  unsigned bits;
};

constexpr Range not_public_v4[] = {
    {{0}, 8},              // this network
    {{10}, 8},             // private
    {{100, 64}, 10},       // shared by carriers
    {{127}, 8},            // loopback
    {{169, 254}, 16},      // link-local
    {{172, 16}, 12},       // private
    {{192, 0, 0}, 24},     // protocol assignments
    {{192, 0, 2}, 24},     // documentation
    {{192, 88, 99}, 24},   // 6to4 relays
    {{192, 168}, 16},      // private
    {{198, 18}, 15},       // benchmarks
    {{198, 51, 100}, 24},  // documentation
    {{203, 0, 113}, 24},   // documentation
    {{224}, 3},            // multicast, reserved, broadcast
};

/// IPv6: only global unicast is public, but for these parts of it.
constexpr Range global_unicast = {{0x20}, 3};
constexpr Range not_public_v6[] = {
    {{0x20, 0x01, 0x00}, 23},        // protocol assignments, Teredo
    {{0x20, 0x01, 0x0D, 0xB8}, 32},  // documentation
    {{0x3F, 0xFF}, 20},              // documentation
};

/// Where an IPv4 address stands in an IPv6 one.
struct Carrier {
  Range range;
  std::size_t at;
};
constexpr Carrier carriers[] = {
    {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 96}, 12},  // mapped
    {{{0x00, 0x64, 0xFF, 0x9B}, 96}, 12},                    // NAT64
    {{{0x20, 0x02}, 16}, 2},                                 // 6to4
};

bool is_in(std::span<const std::uint8_t> address, const Range& range) {
  const auto octets = range.bits / 8;
  if (!std::equal(range.start.begin(), range.start.begin() + octets, address.begin())) return false;
  if (range.bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - range.bits % 8));
  return ((address[octets] ^ range.start[octets]) & mask) == 0;
}

bool is_public_v4(std::span<const std::uint8_t> address) {
  return std::ranges::none_of(not_public_v4,
                              [&](const Range& each) { return is_in(address, each); });
}

bool is_public_v6(std::span<const std::uint8_t> address) {
  for (const auto& carrier : carriers) {
    if (is_in(address, carrier.range)) return is_public_v4(address.subspan(carrier.at, 4));
  }
  return is_in(address, global_unicast) &&
         std::ranges::none_of(not_public_v6,
                              [&](const Range& each) { return is_in(address, each); });
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  std::array<std::uint8_t, 16> octets = {};
  if (address.sa_family == AF_INET) {
    sockaddr_in v4 = {};
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(octets.data(), &v4.sin_addr, 4);
    return is_public_v4(octets);
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 v6 = {};
  std::memcpy(&v6, &address, sizeof v6);
  std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
  return is_public_v6(octets);
}

}  // namespace keystore::verify
