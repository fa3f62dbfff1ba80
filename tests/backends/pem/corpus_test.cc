#include "tests/backends/pem/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "keystore/store.h"

namespace keystore {
namespace {

using ::testing::Contains;
using testing::corpus;
using testing::csv_rows;
using testing::CsvRow;
using ::testing::IsEmpty;
using ::testing::Key;

/// How reading one file went, in one word or two.
class Reading {
 public:
  explicit Reading(const CsvRow& row) {
    const OpenOptions options{
        .pin = [&](const PinRequest&) { return Secret::copy_of(row.at("password")); },
        .config = std::make_shared<Config>()};
    const auto store = open(Uri::from_path((corpus() / row.at("file")).string()), options);
    keys_ = store->find_keys();
    entries_ = store->find_entries();
  }

  bool has_one_key() const { return keys_ && keys_->items.size() == 1; }
  const keystore::Key& key() const { return keys_->items.front(); }
  bool has_one_certificate() const {
    return entries_ && entries_->items.size() == 1 && entries_->items.front().certificate;
  }
  const Error& error() const { return keys_ ? keys_->skipped.at(0) : keys_.error(); }
  std::string text() const {
    return has_one_key() ? "a key" : std::string(to_string(error().code)) + ": " + error().message;
  }

 private:
  Result<Listing<keystore::Key>> keys_ = Listing<keystore::Key>{};
  Result<Listing<Entry>> entries_ = Listing<Entry>{};
};

/// As the table writes it: "rsa:2048", "ec:P-256", "ed25519", "dsa/dh:1024".
std::string type_of(const keystore::Key& key) {
  const KeyShape& shape = *key.entry().shape;
  const std::string name(to_string(shape.type));
  if (shape.type == KeyType::rsa) return name + ":" + std::to_string(shape.bits);
  if (shape.type == KeyType::dsa) return "dsa/dh:" + std::to_string(shape.bits);
  return shape.type == KeyType::ec ? name + ":" + shape.curve : name;
}

bool same_type(const std::string& listed, const keystore::Key& key) {
  if (listed == "bign") return key.type() == KeyType::other;
  return listed == type_of(key) || (listed == "ec:explicit" && key.type() == KeyType::ec);
}

class PemCorpus : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(corpus() / "MANIFEST.md")) {
      GTEST_SKIP() << "NO CORPUS at " << corpus() << ": set KEYSTORE_CORPUS";
    }
  }
};

TEST_F(PemCorpus, ReadsEveryKeyWithTheRightType) {
  std::size_t read = 0;
  for (const auto& row : csv_rows(corpus() / "pkcs8.csv")) {
    if (row.at("expect") != "ok") continue;
    const Reading reading(row);
    ASSERT_TRUE(reading.has_one_key()) << row.at("file") << ": " << reading.text();
    EXPECT_TRUE(same_type(row.at("key_type"), reading.key()))
        << row.at("file") << " is " << type_of(reading.key());
    ++read;
  }
  std::cout << "keys read: " << read << "\n";
  EXPECT_EQ(read, 72U);
}

TEST_F(PemCorpus, RefusesWhatIsNoGoodKey) {
  std::map<std::string, std::size_t> seen;
  for (const auto& row : csv_rows(corpus() / "pkcs8.csv")) {
    if (row.at("expect") == "ok") continue;
    const Reading reading(row);
    EXPECT_FALSE(reading.has_one_key()) << row.at("file");
    const bool foreign = row.at("kind") == "openssh" || row.at("kind") == "foreign";
    if (foreign) {
      EXPECT_EQ(reading.error().code, Errc::unsupported) << reading.text();
      EXPECT_THAT(reading.error().message, ::testing::HasSubstr(row.at("label")));
    }
    ++seen[std::string(to_string(reading.error().code))];
  }
  for (const auto& [code, count] : seen) std::cout << code << ": " << count << "\n";
  EXPECT_EQ(seen["unsupported"], 8U);
  EXPECT_EQ(seen["pin_incorrect"], 1U);
}

TEST_F(PemCorpus, TellsAWrongPassphraseFromABrokenFile) {
  std::size_t told = 0;
  for (const auto& row : csv_rows(corpus() / "pkcs8_wrong_password.csv")) {
    const Reading reading(row);
    ASSERT_FALSE(reading.has_one_key()) << row.at("file");
    EXPECT_EQ(reading.error().code, Errc::pin_incorrect) << row.at("file") << reading.text();
    ++told;
  }
  std::cout << "wrong passphrases told: " << told << "\n";
  EXPECT_EQ(told, 22U);
}

TEST_F(PemCorpus, ReadsPemAsOpensslDoes) {
  std::size_t read = 0;
  std::size_t refused = 0;
  for (const auto& row : csv_rows(corpus() / "pem.csv")) {
    const Reading reading(row);
    const bool good =
        row.at("kind") == "certificate" ? reading.has_one_certificate() : reading.has_one_key();
    EXPECT_EQ(good, row.at("expect") == "ok") << row.at("file");
    ++(good ? read : refused);
  }
  std::cout << "files read: " << read << ", refused: " << refused << "\n";
  EXPECT_EQ(read, 14U);
  EXPECT_EQ(refused, 16U);
}

TEST_F(PemCorpus, ListsTrustStoresAndTrustedCertificates) {
  const auto bundle = open((corpus() / "trust/certifi-cacert.pem").string(),
                           {.config = std::make_shared<Config>()});
  const auto found = bundle->find_certificates();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->items.size(), 121U);
  EXPECT_THAT(found->skipped, IsEmpty());
}

}  // namespace
}  // namespace keystore
