#include "keystore/internal/held_pin.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace keystore {
namespace {

constexpr std::string_view pin_text = "4711";

TEST(HeldPin, IsThereUntilItIsForgotten) {
  const HeldPin pin(Secret::copy_of(pin_text));
  EXPECT_EQ(pin.use([](BytesView octets) { return std::string(as_text(octets)); }), pin_text);
  pin.forget();
  EXPECT_TRUE(pin.forgotten());
  EXPECT_FALSE(pin.copy());
  EXPECT_FALSE(pin.use([](BytesView) { return true; }));
}

TEST(HeldPin, IsWipedByTheLastOneThatUsesIt) {
  const HeldPin pin(Secret::copy_of(pin_text));
  const std::uint8_t* data = nullptr;
  pin.use([&](BytesView outer) {
    data = outer.data();
    pin.use([&](BytesView) {
      pin.forget();
      return true;
    });
    EXPECT_EQ(as_text(outer), pin_text) << "still in use";
    return true;
  });
  ASSERT_NE(data, nullptr);
  EXPECT_NE(std::string(data, data + pin_text.size()), pin_text);
}

TEST(HeldPin, NeverGivesAHalfWipedPinToAThread) {
  for (int round = 0; round < 200; ++round) {
    const HeldPin pin(Secret::copy_of(pin_text));
    std::atomic<int> wrong = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          while (const auto copy = pin.copy()) wrong += as_text(copy->view()) != pin_text;
        });
      }
      pin.forget();
    }
    ASSERT_EQ(wrong, 0);
  }
}

}  // namespace
}  // namespace keystore
