#include "bindings/openssl/provider/tls_premaster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace keystore::provider {
namespace {

constexpr unsigned tls_1_2 = 0x0303;
constexpr std::size_t modulus_size = 256;

Bytes good_block(unsigned version = tls_1_2) {
  Bytes block(modulus_size, 0xa5);
  block[0] = 0;
  block[1] = 2;
  block[modulus_size - premaster_size - 1] = 0;
  block[modulus_size - premaster_size] = static_cast<std::uint8_t>(version >> 8);
  block[modulus_size - premaster_size + 1] = static_cast<std::uint8_t>(version);
  for (std::size_t i = 2; i < premaster_size; ++i) {
    block[modulus_size - premaster_size + i] = static_cast<std::uint8_t>(i);
  }
  return block;
}

Premaster substitute() {
  Premaster made;
  made.fill(0x77);
  return made;
}

Premaster taken(const Bytes& block, const PremasterVersions& versions) {
  auto premaster = substitute();
  take_premaster(block, versions, premaster);
  return premaster;
}

bool takes(const Bytes& block, const PremasterVersions& versions = {tls_1_2}) {
  const auto premaster = taken(block, versions);
  if (premaster == substitute()) return false;
  EXPECT_TRUE(std::ranges::equal(premaster, BytesView(block).last(premaster_size)));
  return true;
}

TEST(TlsPremaster, IsTakenOutOfGoodPadding) {
  EXPECT_TRUE(takes(good_block()));
  Bytes smallest(smallest_premaster_block, 0xff);
  std::ranges::copy(BytesView(good_block()).last(premaster_size + 1),
                    smallest.end() - premaster_size - 1);
  smallest[0] = 0;
  smallest[1] = 2;
  EXPECT_TRUE(takes(smallest));
}

TEST(TlsPremaster, StaysRandomWhereOneOctetOfThePaddingIsWrong) {
  for (std::size_t i = 0; i < modulus_size - premaster_size; ++i) {
    auto block = good_block();
    const bool filling = i > 1 && i < modulus_size - premaster_size - 1;
    block[i] = filling ? 0 : block[i] ^ 0x80;
    EXPECT_FALSE(takes(block)) << "octet " << i;
  }
}

TEST(TlsPremaster, KnowsEveryValueOfTheFixedOctets) {
  for (unsigned value = 0; value < 256; ++value) {
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}, modulus_size - premaster_size - 1,
                                modulus_size - premaster_size, modulus_size - premaster_size + 1}) {
      auto block = good_block();
      const bool right = block[i] == value;
      block[i] = static_cast<std::uint8_t>(value);
      EXPECT_EQ(takes(block), right) << "octet " << i << " is " << value;
    }
  }
}

TEST(TlsPremaster, HasTheOfferedVersionOrTheNegotiatedOneIfAllowed) {
  constexpr unsigned tls_1_0 = 0x0301;
  EXPECT_FALSE(takes(good_block(tls_1_0)));
  EXPECT_TRUE(takes(good_block(tls_1_0), {tls_1_2, tls_1_0}));
  EXPECT_TRUE(takes(good_block(tls_1_2), {tls_1_2, tls_1_0}));
  EXPECT_FALSE(takes(good_block(0x0302), {tls_1_2, tls_1_0}));
  EXPECT_FALSE(takes(good_block(0), {tls_1_2, 0}));
}

using Take = std::function<void(BytesView, const PremasterVersions&, Premaster&)>;

/// What a naive implementation does: it stops where the first octet is wrong.
void take_with_leak(BytesView block, const PremasterVersions& versions, Premaster& premaster) {
  if (block[0] != 0 || block[1] != 2) return;
  const auto zero = std::find(block.begin() + 2, block.end(), 0);
  if (block.end() - zero != premaster_size + 1) return;
  const auto secret = block.last(premaster_size);
  if (secret[0] != versions.offered >> 8 || secret[1] != (versions.offered & 0xff)) return;
  std::ranges::copy(secret, premaster.begin());
}

/// The time of many calls. All blocks are measured at one address: where a block lies takes its
/// time as well.
double time_of(const Take& take, const Bytes& content) {
  constexpr int calls = 64;
  alignas(64) static std::array<std::uint8_t, modulus_size> block;
  std::ranges::copy(content, block.begin());
  auto premaster = substitute();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) take(block, {tls_1_2}, premaster);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// By how much one block takes longer than another, in parts of its time: the median of pairs, in
/// an order that is drawn for each. What disturbs a pair, and drifts of the clock's rate, do not
/// reach it.
double difference(const Take& take, const Bytes& a, const Bytes& b) {
  constexpr std::size_t pairs = 2001;
  std::mt19937 draw(7);
  std::vector<double> differences;
  for (std::size_t i = 0; i < pairs; ++i) {
    const bool a_first = draw() % 2 == 0;
    const double first = time_of(take, a_first ? a : b);
    const double second = time_of(take, a_first ? b : a);
    differences.push_back((a_first ? first - second : second - first) / std::min(first, second));
  }
  const auto middle = differences.begin() + pairs / 2;
  std::ranges::nth_element(differences, middle);
  return std::abs(*middle);
}

struct WrongBlock {
  const char* what;
  Bytes block;
};

std::vector<WrongBlock> wrong_blocks() {
  std::vector<WrongBlock> all;
  const auto add = [&](const char* what, std::size_t octet, std::uint8_t value) {
    auto block = good_block();
    block[octet] = value;
    all.push_back({what, std::move(block)});
  };
  add("first octet", 0, 1);
  add("block type", 1, 1);
  add("early zero", 2, 0);
  add("late zero", 150, 0);
  add("no zero", modulus_size - premaster_size - 1, 9);
  add("version", modulus_size - premaster_size, 9);
  return all;
}

/// A difference counts when it is there every time: a disturbance is not.
bool tells(const Take& take, const Bytes& a, const Bytes& b) {
  constexpr double noise = 0.05;
  for (int tries = 0; tries < 5; ++tries) {
    if (difference(take, a, b) < noise) return false;
  }
  return true;
}

TEST(TlsPremaster, TimeDoesNotTellWhatIsWrong) {
  for (const auto& wrong : wrong_blocks()) {
    EXPECT_FALSE(tells(take_premaster, good_block(), wrong.block)) << wrong.what;
  }
}

// Where the naive one leaves at once; further back it does nearly as much as for a good block.
TEST(TlsPremaster, TheTimingTestSeesALeak) {
  const auto wrong = wrong_blocks();
  for (const auto& early : {wrong[0], wrong[1], wrong[2]}) {
    EXPECT_TRUE(tells(take_with_leak, good_block(), early.block)) << early.what;
  }
}

}  // namespace
}  // namespace keystore::provider
