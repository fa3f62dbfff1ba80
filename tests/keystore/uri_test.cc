#include "keystore/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

namespace keystore {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string canonical_of(std::string_view text) {
  const auto uri = Uri::parse(text);
  return uri ? uri->canonical() : "error: " + uri.error().message;
}

TEST(UriParse, TakesEveryStandardAttribute) {
  const auto uri = Uri::parse(
      "pkcs11:slot-id=7;slot-manufacturer=SM;slot-description=SD;id=%01%ff;type=private;object=o;"
      "library-description=LD;library-version=2.40;library-manufacturer=LM;model=m;serial=s;"
      "manufacturer=M;token=t?module-path=/m.so&module-name=n&pin-value=1&pin-source=file:/p");
  ASSERT_TRUE(uri) << uri.error().message;
  EXPECT_EQ(uri->scheme(), "pkcs11");
  EXPECT_EQ(uri->path_attribute("token"), "t");
  EXPECT_EQ(uri->path_attribute("id"), std::string_view("\x01\xff", 2));
  EXPECT_EQ(uri->path_attribute("slot-id"), "7");
  EXPECT_EQ(uri->query_attribute("pin-source"), "file:/p");
  EXPECT_EQ(uri->path_attribute("pin-source"), std::nullopt);
  EXPECT_EQ(uri->path_attributes().size(), 13U);
  EXPECT_EQ(uri->query_attributes().size(), 4U);
}

// Data may hold any URI: half a minute, where each name was compared with all before it.
TEST(UriParse, TakesManyAttributesInGoodTime) {
  std::string text = "pkcs11:token=t";
  for (int i = 0; i < 100'000; ++i) text += ";x-" + std::to_string(i) + "=";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Uri::parse(text)->path_attributes().size(), 100'001U);
  EXPECT_THAT(Uri::parse(text + ";x-7=").error().message, HasSubstr("'x-7' is given twice"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(UriParse, TakesTheWaysToNameAFile) {
  for (const auto* text : {"/a/b.pem", "file:/a/b.pem", "file:///a/b.pem",
                           "file://localhost/a/b.pem", "FILE:/a/b.pem", "file:/a/%62.pem"}) {
    const auto uri = Uri::parse(text);
    ASSERT_TRUE(uri) << text;
    EXPECT_EQ(uri->scheme(), "file") << text;
    EXPECT_EQ(uri->path(), "/a/b.pem") << text;
    EXPECT_EQ(uri->canonical(), "file:/a/b.pem") << text;
  }
  EXPECT_EQ(Uri::parse("file:b.pem")->path(), "b.pem");
  EXPECT_EQ(Uri::parse("b.pem")->path(), "b.pem");
  EXPECT_EQ(Uri::parse("pfx:/a/b.p12")->scheme(), "pfx");
}

TEST(UriParse, TakesABarePathAsItIs) {
  const auto uri = Uri::parse("./what? 100%#;x=1");
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->path(), "./what? 100%#;x=1");
  EXPECT_EQ(Uri::parse(uri->canonical())->path(), uri->path());
  EXPECT_EQ(Uri::parse("1:x")->path(), "1:x");
  EXPECT_EQ(Uri::parse("dir/pkcs11:x")->path(), "dir/pkcs11:x");
}

TEST(UriParse, TakesQueriesOfFilesSystemsAndIdentities) {
  EXPECT_EQ(Uri::parse("file:/k.pem?index=2&pin-source=cred:k")->query_attribute("index"), "2");
  EXPECT_EQ(Uri::parse("system:?purpose=server")->query_attribute("purpose"), "server");
  EXPECT_EQ(Uri::parse("keystore:web")->path(), "web");
  EXPECT_EQ(canonical_of("pfx:/k.p12?index=2&pin-source=file:/p"), "pfx:/k.p12?index=2");
}

TEST(UriParse, KeepsVendorAttributes) {
  const auto uri = Uri::parse("pkcs11:x-b=2;token=t;x-a=1?x-c=3&module-name=m&x-c=4");
  ASSERT_TRUE(uri) << uri.error().message;
  EXPECT_EQ(uri->path_attribute("x-b"), "2");
  EXPECT_EQ(uri->canonical(), "pkcs11:token=t;x-a=1;x-b=2?module-name=m&x-c=3&x-c=4");
}

struct Refused {
  const char* text;
  std::size_t offset;
  const char* names;
};

TEST(UriParse, RefusesWithAttributeAndOffset) {
  const Refused rows[] = {
      {"", 0, "empty"},
      {"pkcs11:token=a;token=b", 15, "'token'"},
      {"pkcs11:token=a?pin-source=x&pin-source=y", 28, "'pin-source'"},
      {"pkcs11:x=1;x=2", 11, "'x'"},
      {"pkcs11:token=a;module-name=m", 15, "'module-name'"},
      {"pkcs11:?id=%01", 8, "'id'"},
      {"pkcs11:token", 12, "'token'"},
      {"pkcs11:token=a;", 15, "empty attribute"},
      {"pkcs11:=a", 7, "without a name"},
      {"pkcs11:to%6ben=a", 9, "name"},
      {"pkcs11:token=a b", 14, "'token'"},
      {"pkcs11:token=a/b", 14, "'token'"},
      {"pkcs11:token=a#b", 14, "'token'"},
      {"pkcs11:token=\xc3\xa1", 13, "'token'"},
      {"pkcs11:object=a%2", 15, "'object'"},
      {"pkcs11:object=a%zz", 15, "'object'"},
      {"pkcs11:object=a%", 15, "'object'"},
      {"pkcs11:library-version=1.256", 23, "'library-version'"},
      {"pkcs11:library-version=1.", 23, "'library-version'"},
      {"pkcs11:library-version=-1", 23, "'library-version'"},
      {"pkcs11:library-version=", 23, "'library-version'"},
      {"pkcs11:slot-id=1x", 15, "'slot-id'"},
      {"pkcs11:slot-id=", 15, "'slot-id'"},
      {"pkcs11:slot-id=99999999999999999999", 15, "'slot-id'"},
      {"pkcs11:type=Private", 12, "'type'"},
      {"pkcs11:?pin-value=1&&module-name=m", 20, "empty attribute"},
      {"file:", 5, "path"},
      {"file:?index=1", 5, "path"},
      {"file://host/x", 7, "another host"},
      {"file:/a b", 7, "the path"},
      {"file:/a%00", 5, "%00"},
      {"file:/a?index=0", 14, "'index'"},
      {"file:/a?index=1&index=2", 16, "'index'"},
      {"file:/a?purpose=server", 8, "'purpose'"},
      {"file:/a?x-vendor=1", 8, "'x-vendor'"},
      {"system:/etc", 7, "system:"},
      {"system:?pin-source=x", 8, "'pin-source'"},
      {"keystore:", 9, "name"},
      {"keystore:web?pin-source=x", 13, "'pin-source'"},
      {"a\nb", 1, "control character"},
  };
  for (const auto& row : rows) {
    const auto uri = Uri::parse(row.text);
    ASSERT_FALSE(uri) << row.text;
    EXPECT_EQ(uri.error().code, Errc::malformed) << row.text;
    EXPECT_THAT(uri.error().message, HasSubstr(row.names)) << row.text;
    EXPECT_THAT(uri.error().message,
                StartsWith("malformed URI at offset " + std::to_string(row.offset) + ":"))
        << row.text;
  }
}

TEST(UriParse, NeverShowsAPinInAnError) {
  for (const auto* text : {"pkcs11:?pin-value=s3cret%", "pkcs11:?pin-value=s3cret&pin-value=s3cret",
                           "pkcs11:pin-value=s3cret", "file:/a?pin-value=s3cret s3cret"}) {
    const auto uri = Uri::parse(text);
    ASSERT_FALSE(uri) << text;
    EXPECT_THAT(uri.error().message + uri.error().hint, Not(HasSubstr("s3cret"))) << text;
  }
  const auto odd = Uri::parse("pkcs11:?pin-value=ab^c");
  ASSERT_FALSE(odd);
  EXPECT_THAT(odd.error().message + odd.error().hint, Not(HasSubstr("^")));
}

TEST(UriParse, TellsAnUnknownSchemeFromAPath) {
  for (const auto* text : {"http://example.org/key", "pkcs12:/a", "c:file", "token:x"}) {
    const auto uri = Uri::parse(text);
    ASSERT_FALSE(uri) << text;
    EXPECT_EQ(uri.error().code, Errc::invalid_argument) << text;
    EXPECT_FALSE(uri.error().hint.empty());
  }
  for (const auto* text : {"http:\\example.com\\test", "token:a b", "http://\xc3\xa4/", "x:a\nb"}) {
    const auto uri = Uri::parse(text);
    ASSERT_FALSE(uri) << text;
    EXPECT_EQ(uri.error().code, Errc::malformed) << text;
  }
}

TEST(UriPrint, IsCanonical) {
  EXPECT_EQ(canonical_of("PKCS11:type=cert;object=a%2fb%41%3f;id=abc;token=t%20%25%3B"),
            "pkcs11:token=t%20%25%3B;object=a%2FbA%3F;type=cert;id=%61%62%63");
  EXPECT_EQ(canonical_of("pkcs11:token=:[]@!$'()*+,=&?module-path=%2fm%3f%7c%26.so"),
            "pkcs11:token=:[]@!$'()*+,=&?module-path=/m?|%26.so");
  EXPECT_EQ(canonical_of("pkcs11:?"), "pkcs11:");
  EXPECT_EQ(canonical_of("/a b/\xc3\xa4?"), "file:/a%20b/%C3%A4%3F");
  EXPECT_EQ(canonical_of("//a/b"), "file:////a/b");
  EXPECT_EQ(Uri::parse("file:////a/b")->path(), "//a/b");
}

TEST(UriPrint, LeavesPinsOut) {
  const auto uri = Uri::parse("pkcs11:token=t?pin-source=file:/p&pin-value=1&module-name=m");
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->canonical(), "pkcs11:token=t?module-name=m");
  EXPECT_EQ(uri->canonical_with_pin_source(), "pkcs11:token=t?pin-source=file:/p&module-name=m");
}

TEST(UriChange, SetsAndDropsAttributesInOrder) {
  const auto uri = *Uri::parse("pkcs11:object=o;type=private?module-name=m");
  EXPECT_EQ(uri.with_path_attribute("token", "a;b").canonical(),
            "pkcs11:token=a%3Bb;object=o;type=private?module-name=m");
  EXPECT_EQ(uri.with_path_attribute("object", "p").canonical(),
            "pkcs11:object=p;type=private?module-name=m");
  EXPECT_EQ(uri.without_path_attribute("type").without_query_attribute("module-name").canonical(),
            "pkcs11:object=o");
  EXPECT_EQ(uri.with_query_attribute("pin-source", "cred:x").canonical_with_pin_source(),
            "pkcs11:object=o;type=private?pin-source=cred:x&module-name=m");
  EXPECT_EQ(uri.canonical(), "pkcs11:object=o;type=private?module-name=m");
}

// Whatever the octets of the values are, printing and parsing gives the same URI.
TEST(UriPrint, RoundTripsAnyOctets) {
  std::mt19937 random(1);
  const auto octets = [&](std::size_t least) {
    std::string text;
    for (auto size = least + random() % 12; size > 0; --size) text += static_cast<char>(random());
    return text;
  };
  for (int i = 0; i < 3000; ++i) {
    auto token = Uri::parse("pkcs11:type=private?module-name=m")
                     ->with_path_attribute("token", octets(0))
                     .with_path_attribute("id", octets(0))
                     .with_path_attribute("x-vendor", octets(0))
                     .with_query_attribute("module-path", octets(0))
                     .with_query_attribute("pin-source", octets(0));
    const auto again = Uri::parse(token.canonical_with_pin_source());
    ASSERT_TRUE(again) << token.canonical() << ": " << again.error().message;
    ASSERT_EQ(*again, token);

    auto path = octets(1);
    std::erase(path, '\0');
    if (path.empty()) continue;
    const auto file = Uri::from_path(path);
    const auto file_again = Uri::parse(file.canonical());
    ASSERT_TRUE(file_again) << file.canonical() << ": " << file_again.error().message;
    ASSERT_EQ(*file_again, file);
  }
}

}  // namespace
}  // namespace keystore
