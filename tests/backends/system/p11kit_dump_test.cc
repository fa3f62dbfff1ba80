#include "backends/system/p11kit_dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backends/pem/data.h"

namespace keystore::system {
namespace {

using namespace std::chrono;
using keystore::testing::read_text;
using keystore::testing::test_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

std::string object(const std::string& attributes) {
  return "# pkcs11:type=cert\n[p11-kit-object-v1]\nlabel: \"Our Root\"\n" + attributes +
         "x-distrusted: false\n" + read_text(test_file("issuer.pem"));
}

TEST(P11KitDump, KeepsTimesOfDistrust) {
  const auto found =
      read_p11kit_dump("dump", object("") +
                                   object("nss-server-distrust-after: \"220901000000Z\"\n"
                                          "nss-email-distrust-after: \"230901235959Z\"\n") +
                                   object("nss-server-distrust-after: \"%00\"\n"));
  EXPECT_THAT(found.skipped, IsEmpty());
  ASSERT_THAT(found.items, SizeIs(1));
  EXPECT_EQ(found.items[0].certificate,
            Certificate::parse_pem(read_text(test_file("issuer.pem"))).value());
  EXPECT_THAT(found.items[0].distrust_after,
              ElementsAre(Pair(Purpose::server, sys_days(year(2022) / September / 1)),
                          Pair(Purpose::email,
                               sys_days(year(2023) / September / 1) + days(1) - seconds(1))));
}

TEST(P11KitDump, NamesWhatItCannotUnderstand) {
  for (const auto* value : {"", "\"", "220901000000Z", "\"221301000000Z\"", "\"220901250000Z\"",
                            "\"220901000000\"", "\"%00%00\""}) {
    const auto found =
        read_p11kit_dump("dump", object(std::string("nss-server-distrust-after: ") + value + "\n"));
    EXPECT_THAT(found.items, IsEmpty()) << value;
    ASSERT_THAT(found.skipped, SizeIs(1)) << value;
    EXPECT_THAT(found.skipped[0].message, HasSubstr("dump, line 4: nss-server-distrust-after"));
  }
  const auto broken = read_p11kit_dump(
      "dump",
      "[p11-kit-object-v1]\nnss-server-distrust-after: \"220901000000Z\"\n"
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----END CERTIFICATE-----");
  EXPECT_THAT(broken.items, IsEmpty());
  ASSERT_THAT(broken.skipped, SizeIs(2));
}

}  // namespace
}  // namespace keystore::system
