#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/backends/pem/data.h"
#include "tests/support/process.h"

// After the last handle of a key is gone nothing of it is left in the memory of the process.

namespace keystore {
namespace {

using testing::open_path;
using testing::run;
using testing::test_file;
using testing::why;
using testing::with_passphrase;

constexpr std::uint8_t mask = 0x5a;

/// A search pattern that is itself no find: every octet is masked.
using Masked = Bytes;

/// The octets that `openssl pkey -text` prints below `title`, whichever way round, 16 of them.
Masked secret_part(const std::string& file, const std::string& title) {
  const auto text =
      run({"openssl", "pkey", "-in", file, "-passin", "pass:open sesame", "-noout", "-text"}).out;
  std::istringstream lines(text.substr(text.find(title) + title.size()));
  Masked octets;
  for (std::string line; std::getline(lines, line) && octets.size() < 24;) {
    if (!line.empty() && line[0] != ' ') break;
    std::istringstream pairs(line);
    for (std::string pair; std::getline(pairs, pair, ':');) {
      if (pair.find_first_not_of(' ') == std::string::npos) continue;
      octets.push_back(static_cast<std::uint8_t>(std::stoul(pair, nullptr, 16) ^ mask));
    }
  }
  return {octets.begin() + 4, octets.begin() + 20};
}

bool contains(BytesView memory, const Masked& pattern) {
  const auto equal = [](std::uint8_t octet, std::uint8_t masked) {
    return octet == (masked ^ mask);
  };
  return std::search(memory.begin(), memory.end(), pattern.begin(), pattern.end(), equal) !=
             memory.end() ||
         std::search(memory.begin(), memory.end(), pattern.rbegin(), pattern.rend(), equal) !=
             memory.end();
}

/// How many writable mappings of this process hold the pattern.
int traces_of(const Masked& pattern) {
  std::ifstream maps("/proc/self/maps");
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  int found = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) != 3) continue;
    if (rights[1] != 'w' || line.find("[v") != std::string::npos) continue;
    Bytes content(end - begin);
    const auto size = pread(memory, content.data(), content.size(), static_cast<off_t>(begin));
    if (size > 0 && contains({content.data(), static_cast<std::size_t>(size)}, pattern)) ++found;
    std::ranges::fill(content, std::uint8_t{0});
  }
  close(memory);
  return found;
}

struct SecretFile {
  const char* name;
  const char* title;
};

class PemMemory : public ::testing::TestWithParam<SecretFile> {};

TEST_P(PemMemory, HoldsNothingOfAKeyAfterItsLastHandle) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's memory is not searched";
#endif
  const auto file = test_file(GetParam().name);
  const Masked pattern = secret_part(file, GetParam().title);
  ASSERT_EQ(pattern.size(), 16U);
  {
    const auto store = open_path(file, with_passphrase());
    const auto key = store.key();
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(key->sign(key->schemes().front(), as_bytes("hello")));
    EXPECT_GT(traces_of(pattern), 0) << "the search finds a key that is there";
  }
  EXPECT_EQ(traces_of(pattern), 0);
  EXPECT_TRUE(open_path(file).find_entries());
  EXPECT_EQ(traces_of(pattern), 0) << "after a listing";
}

INSTANTIATE_TEST_SUITE_P(
    Files, PemMemory,
    ::testing::Values(SecretFile{"ec-p-256.pem", "priv:"}, SecretFile{"ed25519.pem", "priv:"},
                      SecretFile{"ec-with-parameters.pem", "priv:"},
                      SecretFile{"ec-pbes2.pem", "priv:"}, SecretFile{"rsa.pem", "prime1:"},
                      SecretFile{"rsa-traditional.pem", "prime1:"},
                      SecretFile{"rsa-traditional-aes256.pem", "privateExponent:"}),
    [](const auto& file) {
      std::string name = file.param.name;
      std::ranges::replace_if(
          name, [](char c) { return !isalnum(c); }, '_');
      return name;
    });

}  // namespace
}  // namespace keystore
