#include "tests/backends/pem/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "keystore/store.h"

namespace keystore {
namespace {

using testing::corpus;
using testing::csv_rows;
using testing::CsvRow;

// Its secret is not of the form that the standard says: told, while the rest is read.
constexpr std::string_view with_a_broken_bag = "pfx/botan/unknown_bag_secret.pfx";

Result<Listing<Entry>> entries_of(const CsvRow& row) {
  const OpenOptions options{
      .pin = [&](const PinRequest&) { return Secret::copy_of(row.at("password")); },
      .config = std::make_shared<Config>()};
  // The content tells that it is PKCS#12.
  return open(Uri::from_path((corpus() / row.at("file")).string()), options)->find_entries();
}

std::size_t count(const Listing<Entry>& found, EntryKind kind) {
  return static_cast<std::size_t>(std::ranges::count(found.items, kind, &Entry::kind));
}

std::string text(const Result<Listing<Entry>>& found) {
  return found ? "read" : std::string(to_string(found.error().code)) + ": " + found.error().message;
}

class PfxCorpus : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(corpus() / "MANIFEST.md")) {
      GTEST_SKIP() << "NO CORPUS at " << corpus() << ": set KEYSTORE_CORPUS";
    }
  }
};

TEST_F(PfxCorpus, ReadsEveryBundleWhole) {
  std::size_t read = 0;
  for (const auto& row : csv_rows(corpus() / "pfx.csv")) {
    if (row.at("expect") != "ok") continue;
    const auto found = entries_of(row);
    ASSERT_TRUE(found) << row.at("file") << ": " << text(found);
    EXPECT_EQ(count(*found, EntryKind::private_key), std::stoul(row.at("n_keys")))
        << row.at("file");
    EXPECT_EQ(count(*found, EntryKind::certificate), std::stoul(row.at("n_certs")))
        << row.at("file");
    const std::size_t broken = row.at("file") == with_a_broken_bag ? 1 : 0;
    EXPECT_EQ(found->skipped.size(), broken) << row.at("file");
    ++read;
  }
  std::cout << "bundles read: " << read << "\n";
  EXPECT_EQ(read, 71U);
}

TEST_F(PfxCorpus, RefusesWhatIsBrokenAndBlamesNoPassphrase) {
  std::size_t refused = 0;
  for (const auto& row : csv_rows(corpus() / "pfx.csv")) {
    if (row.at("expect") == "ok") continue;
    const auto found = entries_of(row);
    ASSERT_FALSE(found) << row.at("file");
    EXPECT_EQ(found.error().code, Errc::malformed) << row.at("file") << ": " << text(found);
    ++refused;
  }
  std::cout << "bundles refused: " << refused << "\n";
  EXPECT_EQ(refused, 4U);
}

TEST_F(PfxCorpus, TellsEveryWrongPassphrase) {
  std::size_t told = 0;
  for (const auto& row : csv_rows(corpus() / "pfx_wrong_password.csv")) {
    const auto found = entries_of(row);
    ASSERT_FALSE(found) << row.at("file");
    EXPECT_EQ(found.error().code, Errc::pin_incorrect) << row.at("file") << ": " << text(found);
    ++told;
  }
  std::cout << "wrong passphrases told: " << told << "\n";
  EXPECT_EQ(told, 62U);
}

}  // namespace
}  // namespace keystore
