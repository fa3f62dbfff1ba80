#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "keystore/bytes.h"
#include "keystore/uri.h"

namespace keystore {
namespace {

using nlohmann::json;

std::filesystem::path corpus_file() {
  const char* corpus = std::getenv("KEYSTORE_CORPUS");
  const char* source = std::getenv("KEYSTORE_SOURCE");
  const auto folder = corpus != nullptr ? std::filesystem::path(corpus)
                                        : std::filesystem::path(source != nullptr ? source : ".") /
                                              "../shared/corpus";
  return folder / "uri/uri.json";
}

std::string expected_value(const json& value) {
  return value.is_string() ? to_hex(as_bytes(value.get_ref<const std::string&>()))
                           : value.at("hex").get<std::string>();
}

using Values = std::multimap<std::string, std::string>;

Values expected_values(const json& part) {
  Values values;
  for (const auto& [name, value] : part.items()) values.emplace(name, expected_value(value));
  return values;
}

Values values_of(const std::vector<UriAttribute>& attributes) {
  Values values;
  for (const auto& [name, value] : attributes) values.emplace(name, to_hex(as_bytes(value)));
  return values;
}

class UriCorpus : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(corpus_file());
    if (!file) GTEST_SKIP() << "no corpus: " << corpus_file() << " (set KEYSTORE_CORPUS)";
    rows_ = json::parse(file);
  }
  json rows_;
};

// Rows marked as lenient are checked below: there RFC 7512 and p11-kit part ways.
TEST_F(UriCorpus, AgreesOnEveryStrictRow) {
  int checked = 0;
  for (const auto& row : rows_) {
    if (row.at("rule") == "p11-kit-lenient") continue;
    ++checked;
    const auto text = row.at("uri").get<std::string>();
    const auto uri = Uri::parse(text);
    ASSERT_EQ(uri.has_value(), row.at("expect") == "ok")
        << row.at("id") << " " << text << ": " << (uri ? "accepted" : uri.error().message);
    if (!uri) continue;
    EXPECT_EQ(values_of(uri->path_attributes()), expected_values(row.at("decoded").at("path")))
        << row.at("id");
    EXPECT_EQ(values_of(uri->query_attributes()), expected_values(row.at("decoded").at("query")))
        << row.at("id");
  }
  EXPECT_GT(checked, 0);
}

// We follow the RFC: no white space inside a URI (p11-kit strips it), and no type outside its list
// (p11-kit takes any, and then matches nothing). A URI that cannot mean what its writer meant is
// better refused than searched for in vain.
TEST_F(UriCorpus, RefusesWhatOnlyP11KitTakes) {
  for (const auto& row : rows_) {
    if (row.at("rule") != "p11-kit-lenient") continue;
    EXPECT_FALSE(Uri::parse(row.at("uri").get<std::string>())) << row.at("id");
  }
}

TEST_F(UriCorpus, CanonicalTextMeansTheSame) {
  for (const auto& row : rows_) {
    const auto uri = Uri::parse(row.at("uri").get<std::string>());
    if (!uri) continue;
    const auto bare =
        uri->without_query_attribute("pin-value").without_query_attribute("pin-source");
    const auto again = Uri::parse(uri->canonical());
    ASSERT_TRUE(again) << row.at("id") << " " << uri->canonical();
    EXPECT_EQ(*again, bare) << row.at("id");
    EXPECT_EQ(again->canonical(), uri->canonical()) << row.at("id");
  }
}

}  // namespace
}  // namespace keystore
