#include "backends/system/certdata.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backends/pem/data.h"

namespace keystore::system {
namespace {

using keystore::testing::code_of;
using keystore::testing::read_text;
using keystore::testing::test_file;
using keystore::testing::why;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr auto server = "1.3.6.1.5.5.7.3.1";
constexpr auto client = "1.3.6.1.5.5.7.3.2";
constexpr auto code = "1.3.6.1.5.5.7.3.3";
constexpr auto email = "1.3.6.1.5.5.7.3.4";

Certificate issuer() { return Certificate::parse_pem(read_text(test_file("issuer.pem"))).value(); }

std::string octal(std::string_view attribute, BytesView octets) {
  auto text = fmt::format("{} MULTILINE_OCTAL\n", attribute);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    text += fmt::format("\\{:03o}{}", octets[i], i % 16 == 15 ? "\n" : "");
  }
  return text + (octets.size() % 16 == 0 ? "END\n" : "\nEND\n");
}

std::string certificate_object(const std::string& more = "") {
  const auto certificate = issuer();
  return "CKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\nCKA_LABEL UTF8 \"Our Root\"\n" +
         octal("CKA_ISSUER", certificate.issuer_der()) + octal("CKA_SERIAL_NUMBER", as_bytes("1")) +
         octal("CKA_VALUE", certificate.der()) + more;
}

std::string trust_object(const std::string& on_servers, const std::string& on_mail,
                         const std::string& on_code, const std::string& serial = "1") {
  return "\n# Trust for \"Our Root\"\nCKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST\n"
         "CKA_LABEL UTF8 \"Our Root\"\n" +
         octal("CKA_ISSUER", issuer().issuer_der()) + octal("CKA_SERIAL_NUMBER", as_bytes(serial)) +
         "CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_" + on_servers +
         "\nCKA_TRUST_EMAIL_PROTECTION CK_TRUST CKT_NSS_" + on_mail +
         "\nCKA_TRUST_CODE_SIGNING CK_TRUST CKT_NSS_" + on_code + "\n";
}

const std::string head =
    "# comment\nBEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_NSS_BUILTIN_ROOT_LIST\n"
    "CKA_LABEL UTF8 \"Mozilla Builtin Roots\"\n\n";

TEST(Certdata, KeepsPurposes) {
  const auto found = read_certdata(
      "certdata.txt", head + certificate_object() +
                          trust_object("TRUSTED_DELEGATOR", "MUST_VERIFY_TRUST", "NOT_TRUSTED"));
  ASSERT_TRUE(found) << why(found);
  ASSERT_THAT(found->items, SizeIs(1));
  const auto& anchor = found->items[0];
  EXPECT_EQ(anchor.certificate, issuer());
  EXPECT_EQ(anchor.label, "Our Root");
  EXPECT_THAT(anchor.trusted, Optional(ElementsAre(server, client)));
  EXPECT_THAT(anchor.rejected, ElementsAre(code));
}

TEST(Certdata, KeepsDistrust) {
  const auto found =
      read_certdata("certdata.txt", head + certificate_object() +
                                        trust_object("NOT_TRUSTED", "NOT_TRUSTED", "NOT_TRUSTED"));
  ASSERT_TRUE(found) << why(found);
  EXPECT_TRUE(found->items.at(0).distrusted());
  EXPECT_THAT(found->items.at(0).rejected, ElementsAre(server, client, email, code));
}

TEST(Certdata, KeepsTimesOfDistrust) {
  const auto found = read_certdata(
      "certdata.txt",
      head + certificate_object(octal("CKA_NSS_SERVER_DISTRUST_AFTER", as_bytes("220901000000Z")) +
                                "CKA_NSS_EMAIL_DISTRUST_AFTER CK_BBOOL CK_FALSE\n"));
  ASSERT_TRUE(found) << why(found);
  using namespace std::chrono;
  const auto& after = found->items.at(0).distrust_after;
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_EQ(after.at(Purpose::server), sys_days(year(2022) / September / 1));
  EXPECT_FALSE(found->items.at(0).trusted_for(Purpose::server));  // no trust object: none
}

TEST(Certdata, NamesWhatItCannotKeep) {
  const auto found = read_certdata(
      "certdata.txt",
      head + certificate_object() +
          trust_object("NOT_TRUSTED", "NOT_TRUSTED", "NOT_TRUSTED", "another serial number"));
  ASSERT_TRUE(found) << why(found);
  ASSERT_THAT(found->skipped, SizeIs(1));
  EXPECT_THAT(found->skipped[0].message, HasSubstr("certdata.txt: 'Our Root'"));
}

TEST(Certdata, MalformedFilesNameTheLine) {
  for (const auto* text :
       {"", "no certdata\n", "BEGINDATA\nCKA_LABEL UTF8 \"x\"\n",
        "BEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\nCKA_VALUE MULTILINE_OCTAL\n\\06\n",
        "BEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\nCKA_VALUE MULTILINE_OCTAL\n\\060\n",
        "BEGINDATA\nCKA_CLASS\n"}) {
    const auto found = read_certdata("certdata.txt", text);
    EXPECT_EQ(code_of(found), Errc::malformed) << text;
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, HasSubstr("certdata.txt, line "));
  }
}

}  // namespace
}  // namespace keystore::system
