#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/backends/pfx/made.h"

namespace keystore {
namespace {

using testing::as_pfx;
using testing::code_of;
using testing::open_path;
using testing::why;
using testing::with_passphrase;
using testing::Workspace;

Result<Key> key_in(const std::string& pfx, const OpenOptions& options) {
  const Workspace workspace;
  return open_path(workspace.write("web.p12", pfx), options).key();
}

constexpr int des3 = NID_pbe_WithSHA1And3_Key_TripleDES_CBC;

TEST(PfxPassphrase, IsReadInEveryCharacterSet) {
  const std::string text = "Käse 世界 \U0001F511";
  for (const int encryption : {NID_aes_256_cbc, des3}) {
    const auto pfx = as_pfx({.passphrase = text.c_str(), .encryption = encryption});
    const auto key = key_in(pfx, with_passphrase(text));
    EXPECT_TRUE(key) << why(key);
    EXPECT_EQ(code_of(key_in(pfx, with_passphrase("Kase"))), Errc::pin_incorrect);
  }
}

TEST(PfxPassphrase, MayHaveBeenLatin1WhereTheFileWasMade) {
  for (const int encryption : {NID_aes_256_cbc, des3}) {
    const auto key = key_in(as_pfx({.passphrase = "K\xe4se", .encryption = encryption}),
                            with_passphrase("Käse"));
    EXPECT_TRUE(key) << encryption << why(key);
  }
}

/// OpenSSL before 1.1 took every octet of UTF-8 for a character, which is this text in UTF-8.
TEST(PfxPassphrase, MayHaveBeenTakenOctetByOctet) {
  const auto pfx = as_pfx({.passphrase = "K\xc3\x83\xc2\xa4se", .encryption = des3});
  const auto key = key_in(pfx, with_passphrase("Käse"));
  EXPECT_TRUE(key) << why(key);
}

TEST(PfxPassphrase, EmptyOpensWhatHasAnEmptyOneOrNone) {
  for (const char* passphrase : {"", static_cast<const char*>(nullptr)}) {
    const auto pfx = as_pfx({.passphrase = passphrase, .encryption = des3});
    const auto key = key_in(pfx, with_passphrase(""));
    EXPECT_TRUE(key) << why(key);
    EXPECT_EQ(code_of(key_in(pfx, with_passphrase("x"))), Errc::pin_incorrect);
    // Nobody has to be asked.
    const auto unasked = key_in(pfx, testing::plain_options());
    EXPECT_TRUE(unasked) << why(unasked);
  }
}

TEST(PfxPassphrase, IsMissingWhereNobodyGivesOne) {
  const auto pfx = as_pfx({.passphrase = "x"});
  EXPECT_EQ(code_of(key_in(pfx, testing::plain_options())), Errc::pin_required);
}

TEST(PfxPassphrase, IsToldWrongWithoutAMac) {
  for (const int encryption : {NID_aes_256_cbc, des3}) {
    const auto pfx =
        as_pfx({.passphrase = "right", .encryption = encryption, .mac_iterations = -1});
    EXPECT_TRUE(key_in(pfx, with_passphrase("right")));
    EXPECT_EQ(code_of(key_in(pfx, with_passphrase("wrong"))), Errc::pin_incorrect);
  }
}

TEST(PfxPassphrase, IsNotBlamedForAChangedFile) {
  auto pfx = as_pfx({.passphrase = "right"});
  const auto middle = pfx.size() / 3;
  pfx[middle] = static_cast<char>(pfx[middle] ^ 1);
  EXPECT_EQ(code_of(key_in(pfx, with_passphrase("right"))), Errc::malformed);
}

TEST(PfxPassphrase, IsNotAskedForWhereNothingIsProtected) {
  const auto pfx = as_pfx({.passphrase = nullptr, .encryption = -1, .mac_iterations = -1});
  const auto key = key_in(pfx, testing::plain_options());
  EXPECT_TRUE(key) << why(key);
}

TEST(PfxPassphrase, IsAskedForOnce) {
  const Workspace workspace;
  const auto path = workspace.write("web.p12", as_pfx({.passphrase = "x"}));
  int asked = 0;
  auto options = testing::plain_options();
  options.pin = [&](const PinRequest& request) {
    ++asked;
    EXPECT_EQ(request.object, path.string());
    return Secret::copy_of(std::string_view("x"));
  };
  const auto store = open_path(path, options);
  EXPECT_TRUE(store.identity());
  EXPECT_TRUE(store.find_entries());
  EXPECT_TRUE(store.key());
  EXPECT_EQ(asked, 1);
}

TEST(PfxPassphrase, IsDerivedInBoundedTime) {
  const auto pfx = as_pfx({.passphrase = "x", .mac_iterations = 2, .change = [](PKCS12& made) {
                             const ASN1_INTEGER* iterations = nullptr;
                             PKCS12_get0_mac(nullptr, nullptr, nullptr, &iterations, &made);
                             ASN1_INTEGER_set(const_cast<ASN1_INTEGER*>(iterations), 2'000'000'000);
                           }});
  const auto start = std::chrono::steady_clock::now();
  const auto key = key_in(pfx, with_passphrase("x"));
  EXPECT_EQ(code_of(key), Errc::unsupported);
  EXPECT_THAT(why(key), ::testing::HasSubstr("too much work"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace keystore
