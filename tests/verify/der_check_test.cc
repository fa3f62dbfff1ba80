#include "keystore/verify/internal/der_check.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace keystore::verify {
namespace {

/// Sequences in each other, the innermost of them empty.
Bytes nested(int depth) {
  Bytes reversed;
  for (int i = 0; i < depth; ++i) {
    const auto size = reversed.size();
    for (auto rest = size; size > 0x7F && rest > 0; rest >>= 8) {
      reversed.push_back(static_cast<std::uint8_t>(rest));
    }
    const auto count = reversed.size() - size;
    reversed.push_back(static_cast<std::uint8_t>(count == 0 ? size : 0x80 | count));
    reversed.push_back(0x30);
  }
  std::ranges::reverse(reversed);
  return reversed;
}

TEST(DerCheck, SetsAreSorted) {
  EXPECT_TRUE(sets_are_sorted(Bytes{0x31, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x02}));
  EXPECT_FALSE(sets_are_sorted(Bytes{0x31, 0x06, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01}));
  EXPECT_FALSE(sets_are_sorted(Bytes{0x30, 0x08, 0x31, 0x06, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01}));
  EXPECT_FALSE(sets_are_sorted(Bytes{0x31, 0x06, 0x02, 0x01}));
}

TEST(DerCheck, ElementsThatLieTooDeepAreRefusedBeforeTheStackEnds) {
  EXPECT_TRUE(sets_are_sorted(nested(30)));
  EXPECT_TRUE(is_der(nested(30)));
  EXPECT_FALSE(sets_are_sorted(nested(200'000)));
  EXPECT_FALSE(is_der(nested(200'000)));
}

}  // namespace
}  // namespace keystore::verify
