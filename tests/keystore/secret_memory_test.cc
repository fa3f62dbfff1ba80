#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "keystore/secret_source.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using keystore::testing::EnvironmentGuard;
using keystore::testing::run;
using keystore::testing::Workspace;

constexpr std::uint8_t mask = 0xA5;

// What a secret was, so written down that searching for it does not find itself.
Bytes masked(BytesView secret) {
  Bytes hidden;
  for (const auto octet : secret) hidden.push_back(octet ^ mask);
  return hidden;
}

bool holds(BytesView memory, const Bytes& hidden) {
  return std::search(memory.begin(), memory.end(), hidden.begin(), hidden.end(),
                     [](auto octet, auto hidden_octet) {
                       return octet == (hidden_octet ^ mask);
                     }) != memory.end();
}

// Looks through all memory that this process may write, but the buffer that it is copied to.
bool in_memory(const Bytes& hidden) {
  std::ifstream maps("/proc/self/maps");
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  Bytes buffer(1U << 20);
  const auto own = reinterpret_cast<std::uintptr_t>(buffer.data());
  const auto overlap = hidden.size();
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t at = 0;
    std::uintptr_t end = 0;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &at, &end, rights) != 3 || rights[1] != 'w')
      continue;
    if (at <= own && own < end) continue;
    while (at < end) {
      const auto count =
          pread(memory, buffer.data(), std::min(buffer.size(), end - at), static_cast<off_t>(at));
      if (count <= 0) break;
      found |= holds({buffer.data(), static_cast<std::size_t>(count)}, hidden);
      at += static_cast<std::size_t>(count) > overlap && at + static_cast<std::size_t>(count) < end
                ? static_cast<std::size_t>(count) - overlap
                : static_cast<std::size_t>(count);
    }
  }
  explicit_bzero(buffer.data(), buffer.size());
  close(memory);
  return found;
}

class SecretMemory : public ::testing::Test {
 protected:
  // Made by other programs, so that this one has never held it.
  std::string file_with_secret() {
    const auto path = workspace_ / "pin";
    const auto made =
        run({"sh", "-c", "head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' >\"$0\"", path});
    EXPECT_TRUE(made.ok()) << made.text();
    return path;
  }

  void expect_gone_after_reading(const std::string& source) {
    Bytes hidden;
    {
      auto secret = SecretSource::parse(source)->read({});
      ASSERT_TRUE(secret) << secret.error().message;
      ASSERT_EQ(secret->size(), 64U);
      hidden = masked(secret->view());
      EXPECT_TRUE(in_memory(hidden)) << "the search finds it while it is there";
      const auto moved = std::move(*secret);
      const auto copied = moved.clone();
    }
    EXPECT_FALSE(in_memory(hidden)) << source;
  }

  Workspace workspace_;
};

TEST_F(SecretMemory, HoldsNothingOfAFile) {
  expect_gone_after_reading("file:" + file_with_secret());
}

TEST_F(SecretMemory, HoldsNothingOfACredential) {
  file_with_secret();
  const EnvironmentGuard folder("CREDENTIALS_DIRECTORY", workspace_.path());
  expect_gone_after_reading("cred:pin");
}

TEST_F(SecretMemory, HoldsNothingOfAProgramsOutput) {
  expect_gone_after_reading("cmd:cat " + file_with_secret());
}

TEST_F(SecretMemory, HoldsNothingOfADescriptor) {
  const int fd = open(file_with_secret().c_str(), O_RDONLY);
  expect_gone_after_reading("fd:" + std::to_string(fd));
  close(fd);
}

}  // namespace
}  // namespace keystore
