#include "keystore/lifecycle/internal/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "keystore/file.h"
#include "keystore/internal/temporary_folder.h"

namespace keystore::lifecycle {
namespace {

class Metadata : public ::testing::Test {
 protected:
  std::string write(const std::string& name, mode_t mode) {
    auto path = (folder_.path() / name).string();
    EXPECT_TRUE(write_file(path, as_bytes(std::string_view("text")), {.mode = mode}));
    return path;
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }
  TemporaryFolder folder_ = {};
};

TEST_F(Metadata, IsThatOfTheOtherFile) {
  const auto from = write("from", 0644);
  const auto to = write("to", 0600);
  ASSERT_TRUE(copy_metadata(from, to));
  EXPECT_EQ(mode_of(to), 0644U);
}

TEST_F(Metadata, GoesToNoFileThatSomebodyPutInTheOnesPlace) {
  const auto from = write("from", 0644);
  const auto victim = write("victim", 0600);
  const auto to = folder_.path() / "to";
  std::filesystem::create_symlink(victim, to);
  EXPECT_FALSE(copy_metadata(from, to.string()));
  std::filesystem::remove(to);
  std::filesystem::create_hard_link(victim, to);
  EXPECT_EQ(copy_metadata(from, to.string()).error().code, Errc::access_denied);
  EXPECT_EQ(mode_of(victim), 0600U);
}

}  // namespace
}  // namespace keystore::lifecycle
