#pragma once

#include <cstddef>
#include <cstdint>

namespace keystore {

/// Memory for Secret: pages locked and left out of core dumps, inherited by forked children (a
/// child locks them again on first use). Never null; throws std::bad_alloc. Any thread.
std::uint8_t* allocate_locked(std::size_t size);
/// Wipes and gives back.
void release_locked(std::uint8_t* data, std::size_t size) noexcept;

}  // namespace keystore
