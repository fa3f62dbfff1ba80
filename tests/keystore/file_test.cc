#include "keystore/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/workspace.h"

namespace keystore {
namespace {

namespace fs = std::filesystem;
using keystore::testing::read_text;
using keystore::testing::Workspace;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

mode_t mode_of(const fs::path& path) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

Result<std::string> put(const fs::path& path, std::string_view text,
                        const WriteOptions& options = {}) {
  return write_file(path, as_bytes(text), options);
}

// As user nobody in a child: root may do everything. 77 when this process is not root.
int as_nobody(const std::function<int()>& body) {
  if (geteuid() != 0) return 77;
  const auto pid = fork();
  if (pid == 0) {
    alarm(20);
    const bool changed = setgroups(0, nullptr) == 0 && setgid(65534) == 0 && setuid(65534) == 0;
    _exit(changed ? body() : 100);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(WriteFile, MakesAPrivateFileWhateverTheUmask) {
  const Workspace workspace;
  const auto before = umask(0);
  const auto written = put(workspace / "key", "one");
  umask(0777);
  const auto shared = put(workspace / "cert", "two", {.mode = 0644});
  umask(before);
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_TRUE(shared) << shared.error().message;
  EXPECT_EQ(*written, "");
  EXPECT_EQ(read_text(workspace / "key"), "one");
  EXPECT_EQ(mode_of(workspace / "key"), 0600U);
  EXPECT_EQ(mode_of(workspace / "cert"), 0644U);
  EXPECT_THAT(names_in(workspace.path()), ElementsAre("cert", "key"));
}

TEST(WriteFile, LeavesAnExistingFileAlone) {
  const Workspace workspace;
  workspace.write("key", "old");
  const auto written = put(workspace / "key", "new");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::already_exists);
  EXPECT_THAT(written.error().message, HasSubstr((workspace / "key").string()));
  EXPECT_EQ(read_text(workspace / "key"), "old");
  EXPECT_THAT(names_in(workspace.path()), ElementsAre("key"));
}

TEST(WriteFile, KeepsBackupsWhenReplacing) {
  const Workspace workspace;
  workspace.write("key", "first");
  const auto second = put(workspace / "key", "second", {.replace = true});
  const auto third = put(workspace / "key", "third", {.replace = true});
  ASSERT_TRUE(second && third);
  EXPECT_EQ(*second, workspace / "key.bak");
  EXPECT_EQ(*third, workspace / "key.bak.1");
  EXPECT_EQ(read_text(workspace / "key"), "third");
  EXPECT_EQ(read_text(workspace / "key.bak"), "first");
  EXPECT_EQ(read_text(workspace / "key.bak.1"), "second");
  EXPECT_THAT(names_in(workspace.path()), ElementsAre("key", "key.bak", "key.bak.1"));
}

TEST(WriteFile, KeepsNoBackupWhenToldSoOrWhenThereIsNothingToKeep) {
  const Workspace workspace;
  EXPECT_EQ(*put(workspace / "key", "one", {.replace = true}), "");
  EXPECT_EQ(*put(workspace / "key", "two", {.replace = true, .backup = false}), "");
  EXPECT_EQ(read_text(workspace / "key"), "two");
  EXPECT_THAT(names_in(workspace.path()), ElementsAre("key"));
}

TEST(WriteFile, RefusesSymbolicLinksAndWhatIsNoFile) {
  const Workspace workspace;
  workspace.write("real", "untouched");
  fs::create_symlink(workspace / "real", workspace / "link");
  fs::create_symlink(workspace / "nowhere", workspace / "dangling");
  fs::create_directory(workspace / "folder");
  for (const bool replace : {false, true}) {
    for (const auto* name : {"link", "dangling"}) {
      const auto written = put(workspace / name, "new", {.replace = replace});
      ASSERT_FALSE(written) << name;
      EXPECT_EQ(written.error().code, Errc::access_denied);
      EXPECT_THAT(written.error().message, HasSubstr("symbolic link"));
    }
  }
  EXPECT_FALSE(put(workspace / "folder", "new", {.replace = true}));
  EXPECT_EQ(put(workspace / "", "new").error().code, Errc::invalid_argument);
  EXPECT_EQ(put(workspace / ".", "new").error().code, Errc::invalid_argument);
  EXPECT_EQ(read_text(workspace / "real"), "untouched");
  EXPECT_THAT(names_in(workspace.path()), ElementsAre("dangling", "folder", "link", "real"));
}

TEST(WriteFile, NamesAMissingOrClosedFolder) {
  const Workspace workspace;
  const auto written = put(workspace / "none/key", "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::not_found);
  EXPECT_THAT(written.error().message, HasSubstr("none"));

  fs::permissions(workspace.path(), fs::perms(0755));
  const auto path = workspace / "key";
  const auto status = as_nobody([&] {
    const auto refused = put(path, "x");
    return !refused && refused.error().code == Errc::access_denied ? 0 : 1;
  });
  EXPECT_TRUE(names_in(workspace.path()).empty());
  if (status == 77) GTEST_SKIP() << "needs root, to become another user";
  EXPECT_EQ(status, 0);
}

TEST(WriteFile, GivesTheFileToItsOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
  const Workspace workspace;
  const WriteOptions options = {.mode = 0640, .owner = FileOwner{.user = 1234, .group = 4321}};
  ASSERT_TRUE(put(workspace / "key", "one", options));
  struct stat info = {};
  ASSERT_EQ(stat((workspace / "key").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 1234U);
  EXPECT_EQ(info.st_gid, 4321U);
  EXPECT_EQ(mode_of(workspace / "key"), 0640U);
}

TEST(WriteFile, LeavesTheRightsOfAGroupOutThatItCannotGive) {
  const Workspace workspace;
  fs::permissions(workspace.path(), fs::perms(0777));
  const auto path = workspace / "key";
  const auto status = as_nobody([&] {
    const WriteOptions options = {.mode = 0640, .owner = FileOwner{.user = 65534, .group = 4321}};
    return put(path, "one", options) ? 0 : 1;
  });
  if (status == 77) GTEST_SKIP() << "needs root, to become another user";
  EXPECT_EQ(status, 0);
  EXPECT_EQ(mode_of(path), 0600U);
}

TEST(WriteFile, TakesRelativePaths) {
  const Workspace workspace;
  const auto before = fs::current_path();
  fs::current_path(workspace.path());
  EXPECT_TRUE(put("key", "one"));
  EXPECT_EQ(*put("key", "two", {.replace = true}), "key.bak");
  fs::current_path(before);
  EXPECT_EQ(read_text(workspace / "key"), "two");
}

TEST(WriteFile, TakesTheLongestNames) {
  const Workspace workspace;
  const std::string name(255, 'n');
  EXPECT_TRUE(put(workspace / name, "x"));
  EXPECT_THAT(names_in(workspace.path()), ElementsAre(name));
}

// Readers see the old content or the new, whole, at every moment.
TEST(WriteFile, IsNeverSeenMissingOrPartial) {
  const Workspace workspace;
  const auto path = workspace / "key";
  const std::string old_text(5000, 'a');
  const std::string new_text(9000, 'b');
  workspace.write("key", old_text);
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::thread reader([&] {
    while (!stop) {
      const auto content = read_file(path);
      if (!content) {
        ++wrong;
        continue;
      }
      const auto text = as_text(content->view());
      wrong += text != old_text && text != new_text;
    }
  });
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(put(path, i % 2 == 0 ? new_text : old_text, {.replace = true}));
  }
  stop = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST(WriteFile, LetsOneOfManyWritersWin) {
  const Workspace workspace;
  std::atomic<int> won = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&] {
      const auto written = put(workspace / "key", "mine");
      won += written.has_value();
      if (!written) {
        EXPECT_EQ(written.error().code, Errc::already_exists);
      }
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(won, 1);
  EXPECT_THAT(names_in(workspace.path()), ElementsAre("key"));
}

// Where a hard link is refused (here by fs.protected_hardlinks) the backup is a copy.
TEST(WriteFile, CopiesTheBackupWhereItMayNotLink) {
  const Workspace workspace;
  const auto path = workspace.write("key", "of root");
  fs::permissions(path, fs::perms(0644));
  fs::permissions(workspace.path(), fs::perms(0777));
  const auto status = as_nobody([&] {
    const auto written = put(path, "of nobody", {.replace = true});
    return written && *written == path.string() + ".bak" ? 0 : 1;
  });
  if (status == 77) GTEST_SKIP() << "needs root, to become another user";
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_text(path), "of nobody");
  EXPECT_EQ(read_text(path.string() + ".bak"), "of root");
  EXPECT_THAT(names_in(workspace.path()), ElementsAre("key", "key.bak"));
}

class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    mounted_ = mount("none", folder_.path().c_str(), "tmpfs", 0, "size=64k") == 0;
    if (!mounted_) GTEST_SKIP() << "cannot mount a small file system: needs root";
  }
  void TearDown() override {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  Workspace folder_;
  bool mounted_ = false;
};

TEST_F(FullDisk, LeavesNothingBehind) {
  const auto written = put(folder_ / "key", std::string(200000, 'x'));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::io);
  EXPECT_THAT(written.error().message, HasSubstr("no space left"));
  EXPECT_TRUE(names_in(folder_.path()).empty());
}

TEST_F(FullDisk, LeavesTheOldFileAsItWas) {
  ASSERT_TRUE(put(folder_ / "key", "old"));
  const auto written = put(folder_ / "key", std::string(200000, 'x'), {.replace = true});
  ASSERT_FALSE(written);
  EXPECT_EQ(read_text(folder_ / "key"), "old");
  EXPECT_THAT(names_in(folder_.path()), ElementsAre("key"));
  EXPECT_TRUE(put(folder_ / "other", "there is room again"));
}

TEST(ReadFile, ReadsWhole) {
  const Workspace workspace;
  EXPECT_EQ(as_text(read_file(workspace.write("small", "content"))->view()), "content");
  EXPECT_EQ(read_file(workspace.write("empty", ""))->size(), 0U);
  const std::string large(300000, 'l');
  EXPECT_EQ(as_text(read_file(workspace.write("large", large))->view()), large);
  // Size unknown beforehand.
  EXPECT_GT(read_file("/proc/self/maps")->size(), 100U);
}

TEST(ReadFile, ReadsAPipeToItsEnd) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string text(30000, 'p');
  ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(ends[1]);
  const auto content = read_file("/dev/fd/" + std::to_string(ends[0]));
  close(ends[0]);
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(as_text(content->view()), text);
}

TEST(ReadFile, NamesWhatItCannotRead) {
  const Workspace workspace;
  const auto missing = read_file(workspace / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("none"));
  EXPECT_EQ(read_file(workspace.path()).error().code, Errc::io);

  workspace.write("eight", "12345678");
  EXPECT_TRUE(read_file(workspace / "eight", 8));
  const auto large = read_file(workspace / "eight", 7);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Errc::malformed);

  fs::permissions(workspace.path(), fs::perms(0755));
  fs::permissions(workspace / "eight", fs::perms(0600));
  const auto status = as_nobody([&] {
    const auto refused = read_file(workspace / "eight");
    return !refused && refused.error().code == Errc::access_denied ? 0 : 1;
  });
  if (status == 77) GTEST_SKIP() << "needs root, to become another user";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace keystore
