// What other software's trust files hold: the rows of the corpus.
#include "keystore/internal/trust_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backends/pem/corpus.h"
#include "tests/backends/pem/data.h"

namespace keystore {
namespace {

using keystore::testing::corpus;
using keystore::testing::csv_rows;
using keystore::testing::read_text;
using keystore::testing::why;

constexpr auto email = "1.3.6.1.5.5.7.3.4";
constexpr auto server = "1.3.6.1.5.5.7.3.1";

TEST(TrustFile, ReadsWhatOthersMade) {
  if (!std::filesystem::exists(corpus())) GTEST_SKIP() << "no corpus at " << corpus();
  std::size_t read = 0;
  for (const auto& row : csv_rows(corpus() / "trust/trust.csv")) {
    SCOPED_TRACE(row.at("file"));
    const auto found =
        read_trust_file(row.at("file"), as_bytes(read_text(corpus() / row.at("file"))));
    EXPECT_EQ(found.has_value(), row.at("expect") == "ok") << why(found);
    if (!found) continue;
    EXPECT_EQ(std::to_string(found->items.size()), row.at("n_certs"));
    EXPECT_EQ(found->items[0].label, row.contains("alias") ? row.at("alias") : "");
    ++read;
  }
  EXPECT_EQ(read, 12u);
}

TEST(TrustFile, KeepsWhatTheySay) {
  if (!std::filesystem::exists(corpus())) GTEST_SKIP() << "no corpus at " << corpus();
  const auto anchor_in = [](const std::string& name) {
    const auto path = corpus() / "trust/p11-kit" / name;
    return read_trust_file(name, as_bytes(read_text(path))).value().items[0];
  };
  EXPECT_TRUE(anchor_in("cacert3-distrust-all.pem").distrusted());
  const auto not_trusted = anchor_in("cacert3-not-trusted.pem");
  EXPECT_FALSE(not_trusted.trusted_for(Purpose::server));
  EXPECT_FALSE(not_trusted.distrusted());
  const auto trusted = anchor_in("cacert3-trusted.pem");
  EXPECT_THAT(trusted.trusted, ::testing::Optional(::testing::ElementsAre(server)));
  EXPECT_THAT(trusted.rejected, ::testing::ElementsAre(email));
  EXPECT_TRUE(anchor_in("cacert3-trusted-keyid.pem").trusted_for(Purpose::client));
}

TEST(TrustFile, MergesToTheNarrower) {
  const auto certificate =
      Certificate::parse_pem(read_text(keystore::testing::test_file("issuer.pem"))).value();
  TrustAnchor one{.certificate = certificate, .trusted = {{server, email}}};
  TrustAnchor other{.certificate = certificate, .label = "other", .rejected = {email}};
  const auto early = std::chrono::sys_seconds(std::chrono::seconds(1));
  one.distrust_after[Purpose::server] = early + std::chrono::hours(1);
  other.distrust_after[Purpose::server] = early;
  one.merge(other);
  EXPECT_EQ(one.label, "other");
  EXPECT_TRUE(one.trusted_for(Purpose::server));
  EXPECT_FALSE(one.trusted_for(Purpose::email));
  EXPECT_FALSE(one.trusted_for(Purpose::client));
  EXPECT_EQ(one.distrust_after[Purpose::server], early);
  one.merge({.certificate = certificate, .trusted = {{email}}});
  EXPECT_FALSE(one.trusted_for(Purpose::server));
}

TEST(TrustFile, MergesAnyUseWithTheUsesThatTheOtherNames) {
  const auto certificate =
      Certificate::parse_pem(read_text(keystore::testing::test_file("issuer.pem"))).value();
  const std::vector<std::string> all = {std::string(oid_of(Purpose::any))};
  const std::vector<std::string> some = {server};
  for (const auto& [first, second] : {std::pair(all, some), std::pair(some, all)}) {
    TrustAnchor one{.certificate = certificate, .trusted = first};
    one.merge({.certificate = certificate, .trusted = second});
    EXPECT_TRUE(one.trusted_for(Purpose::server));
    EXPECT_FALSE(one.trusted_for(Purpose::email));
  }
  TrustAnchor silent{.certificate = certificate};
  silent.merge({.certificate = certificate, .trusted = some});
  EXPECT_FALSE(silent.trusted_for(Purpose::email));
}

}  // namespace
}  // namespace keystore
