#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/backends/pem/data.h"
#include "tests/support/memory_search.h"
#include "tests/support/process.h"

// After the last handle of a key is gone nothing of it is left in the memory of the process.

namespace keystore {
namespace {

using testing::find_in_memory;
using testing::Hidden;
using testing::hiding_mask;
using testing::open_path;
using testing::run;
using testing::test_file;
using testing::why;
using testing::with_passphrase;

/// The octets that `openssl pkey -text` prints below `title`, whichever way round, 16 of them.
Hidden secret_part(const std::string& file, const std::string& title) {
  const auto text =
      run({"openssl", "pkey", "-in", file, "-passin", "pass:open sesame", "-noout", "-text"}).out;
  std::istringstream lines(text.substr(text.find(title) + title.size()));
  Hidden octets;
  for (std::string line; std::getline(lines, line) && octets.size() < 24;) {
    if (!line.empty() && line[0] != ' ') break;
    std::istringstream pairs(line);
    for (std::string pair; std::getline(pairs, pair, ':');) {
      if (pair.find_first_not_of(' ') == std::string::npos) continue;
      octets.push_back(static_cast<std::uint8_t>(std::stoul(pair, nullptr, 16) ^ hiding_mask));
    }
  }
  return {octets.begin() + 4, octets.begin() + 20};
}

/// Numbers lie in memory either way round.
std::size_t traces_of(const Hidden& pattern) {
  return find_in_memory(pattern).size() +
         find_in_memory(Hidden(pattern.rbegin(), pattern.rend())).size();
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
  const Hidden pattern = secret_part(file, GetParam().title);
  ASSERT_EQ(pattern.size(), 16U);
  {
    const auto store = open_path(file, with_passphrase());
    const auto key = store.key();
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(key->sign(key->schemes().front(), as_bytes("hello")));
    EXPECT_GT(traces_of(pattern), 0U) << "the search finds a key that is there";
  }
  EXPECT_EQ(traces_of(pattern), 0U);
  EXPECT_TRUE(open_path(file).find_entries());
  EXPECT_EQ(traces_of(pattern), 0U) << "after a listing";
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
