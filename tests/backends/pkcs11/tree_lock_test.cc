#include "backends/pkcs11/tree_lock.h"

#include <gtest/gtest.h>

#include "tests/backends/pkcs11/token_keys.h"

namespace keystore::pkcs11 {
namespace {

TreeLock::Hold lock() {
  return std::move(*TreeLock::take(Patience().first_use_deadline(), "test"));
}

TEST(RefusedPins, AreKnownInChildrenAndToTheirParents) {
  const auto pin = as_bytes("from the child");
  EXPECT_TRUE(testing::alone([&] {
    const auto tree = lock();
    remember_refused("token", pin);
  }));
  const auto tree = lock();
  EXPECT_TRUE(was_refused("token", pin));
  EXPECT_FALSE(was_refused("another token", pin));
  EXPECT_FALSE(was_refused("token", as_bytes("another PIN")));
}

TEST(RefusedPins, MakeRoomForNewOnesTheOldestFirst) {
  const auto tree = lock();
  const auto pin = [](int number) { return "pin-" + std::to_string(number); };
  for (int i = 0; i < 500; ++i) remember_refused("full", as_bytes(pin(i)));
  EXPECT_FALSE(was_refused("full", as_bytes(pin(0))));
  for (int i = 500 - 64; i < 500; ++i) EXPECT_TRUE(was_refused("full", as_bytes(pin(i)))) << i;
}

}  // namespace
}  // namespace keystore::pkcs11
