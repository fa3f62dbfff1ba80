#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "keystore/secret_source.h"
#include "tests/support/memory_search.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using keystore::testing::EnvironmentGuard;
using keystore::testing::find_in_memory;
using keystore::testing::Hidden;
using keystore::testing::hide;
using keystore::testing::run;
using keystore::testing::Workspace;

bool in_memory(const Hidden& hidden) { return !find_in_memory(hidden).empty(); }

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
    Hidden hidden;
    {
      auto secret = SecretSource::parse(source)->read({});
      ASSERT_TRUE(secret) << secret.error().message;
      ASSERT_EQ(secret->size(), 64U);
      hidden = hide(secret->view());
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
