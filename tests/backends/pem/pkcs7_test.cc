#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/backends/pem/data.h"
#include "tests/support/process.h"

namespace keystore {
namespace {

using testing::code_of;
using ::testing::ElementsAre;
using testing::open_path;
using testing::run;
using testing::test_file;
using testing::why;
using testing::Workspace;

Certificate certificate_of(std::string_view file) {
  return open_path(test_file(file)).find_certificates()->items.front();
}

class PemPkcs7 : public ::testing::Test {
 protected:
  std::filesystem::path make(const std::string& form) const {
    const auto path = workspace_ / ("answer." + form);
    const auto done = run(
        {"openssl", "crl2pkcs7", "-nocrl", "-certfile", test_file("web.pem").string(), "-certfile",
         test_file("issuer.pem").string(), "-outform", form, "-out", path.string()});
    EXPECT_TRUE(done.ok()) << done.text();
    return path;
  }
  Workspace workspace_;
};

TEST_F(PemPkcs7, HoldsCertificates) {
  for (const auto* form : {"PEM", "DER"}) {
    const auto found = open_path(make(form)).find_certificates();
    ASSERT_TRUE(found) << why(found);
    EXPECT_THAT(found->items, ::testing::UnorderedElementsAre(certificate_of("web.pem"),
                                                              certificate_of("issuer.pem")));
    EXPECT_TRUE(found->skipped.empty());
  }
}

TEST_F(PemPkcs7, EachHasAUriOfItsOwn) {
  const auto path = make("PEM");
  const auto found = open_path(path).find_entries();
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->items.size(), 2U);
  for (const auto& entry : found->items) {
    const auto again = open(entry.uri, testing::plain_options())->find_certificates();
    ASSERT_TRUE(again) << why(again);
    EXPECT_THAT(again->items, ElementsAre(*entry.certificate));
  }
}

// Each was once found by reading the whole block again: minutes.
TEST_F(PemPkcs7, MayHoldThousands) {
  constexpr std::size_t count = 3000;
  std::string bundle;
  for (std::size_t i = 0; i < count; ++i) bundle += testing::read_text(test_file("issuer.pem"));
  const auto all = workspace_.write("all.pem", bundle);
  const auto path = workspace_ / "all.p7b";
  const auto made =
      run({"openssl", "crl2pkcs7", "-nocrl", "-certfile", all.string(), "-out", path.string()});
  ASSERT_TRUE(made.ok()) << made.text();
  const auto start = std::chrono::steady_clock::now();
  const auto found = open_path(path).find_certificates();
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->items.size(), count);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(PemPkcs7, IsNotTakenApartByChanges) {
  const auto path = make("PEM");
  const auto before = testing::read_text(path);
  const auto store = open_path(path);
  EXPECT_EQ(code_of(store.remover()->remove(store.find_entries()->items.front())),
            Errc::unsupported);
  EXPECT_EQ(testing::read_text(path), before);
}

TEST_F(PemPkcs7, BrokenOnesAreSkippedByName) {
  const auto path =
      workspace_.write("x.pem", testing::read_text(test_file("web.pem")) +
                                    "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n");
  const auto found = open_path(path).find_entries();
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->items.size(), 1U);
  ASSERT_EQ(found->skipped.size(), 1U);
  EXPECT_EQ(found->skipped.front().code, Errc::malformed);
}

}  // namespace
}  // namespace keystore
