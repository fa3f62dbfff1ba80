#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/lifecycle/move.h"
#include "keystore/store.h"
#include "tests/support/process.h"
#include "tests/support/softhsm.h"
#include "tests/support/workspace.h"
#include "tests/tokens/test_token.h"

namespace keystore::testing {

/// All that a rollback has to give back.
struct FileSnapshot {
  std::string content;
  unsigned mode = 0;
  unsigned owner = 0;
  unsigned group = 0;
  std::int64_t mtime_nanoseconds = 0;
  std::string access_list;

  bool operator==(const FileSnapshot&) const = default;
};

FileSnapshot snapshot(const std::filesystem::path& path);

/// A folder with key files, and a token of this process alone, behind the module that counts.
class MoveTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  static SoftHsm& hsm();
  static TestToken& module();
  /// Another token, which no test logs in to.
  static const SoftHsm::Token& closed_token();

  std::filesystem::path folder() const { return workspace_.path(); }
  std::filesystem::path file(std::string_view name) const { return workspace_ / name; }
  /// A key as `openssl genpkey` makes it: "ec:P-256", "rsa:2048", "ed25519".
  std::filesystem::path make_key(std::string_view name, std::string_view type = "ec:P-256") const;
  /// A self-signed certificate for the key in `key`.
  std::filesystem::path make_certificate(const std::filesystem::path& key,
                                         std::string_view name) const;

  lifecycle::MoveOptions options() const;
  /// To the token, label `object` where there is one.
  lifecycle::MoveRequest request(const std::filesystem::path& source,
                                 std::string_view object = {}) const;
  Result<lifecycle::MoveRecord> move(const std::filesystem::path& source,
                                     std::string_view object = {}) const;

  /// Everything on the token, private objects included.
  std::vector<Entry> entries(const Query& query = {}) const;
  bool signs(const std::filesystem::path& reference) const;
  /// Names in the folder, sorted, but for the journals.
  std::vector<std::string> names() const;

 private:
  Workspace workspace_;
};

}  // namespace keystore::testing
