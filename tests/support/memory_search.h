#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace keystore::testing {

/// Octets so written down that searching for them does not find this: each is masked.
using Hidden = std::vector<std::uint8_t>;
inline constexpr std::uint8_t hiding_mask = 0xA5;
Hidden hide(std::span<const std::uint8_t> octets);

/// A place in memory that holds what was searched for.
struct Trace {
  std::uintptr_t address = 0;
  std::string mapping = {};  ///< its line of /proc/self/smaps, flags included
};

/// Where the octets are in the memory that this process may read. Sanitizers keep terabytes of
/// shadow memory, too much to look through. Throws std::runtime_error without /proc.
std::vector<Trace> find_in_memory(const Hidden& octets);

}  // namespace keystore::testing
