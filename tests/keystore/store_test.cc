// Stores, identities and the registry over a small backend.

#include "keystore/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "keystore/registry.h"
#include "tests/keystore/certificates.h"
#include "tests/keystore/test_store.h"

namespace keystore {
namespace {

using testing::Authority;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::new_key;
using testing::Pair;
using testing::test_registry;
using testing::TestStores;

constexpr const char* store_uri = "pkcs11:token=t";

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { testing::current_stores() = &stores_; }
  void TearDown() override { testing::current_stores() = nullptr; }

  Result<Store> try_open(std::string_view uri = store_uri,
                         UriOrigin origin = UriOrigin::caller) const {
    return test_registry().open(
        Uri::parse(uri).value(),
        {.config = std::make_shared<const Config>(config_), .origin = origin});
  }
  Store open() const { return try_open().value(); }
  std::vector<Key>& keys() { return stores_.keys[store_uri]; }
  std::vector<Certificate>& certificates() { return stores_.certificates[store_uri]; }

  Config config_;
  TestStores stores_;
  Authority authority_;
};

TEST_F(StoreTest, TheOneKey) {
  keys() = {new_key("ec:p256", "pkcs11:token=t;object=a")};
  EXPECT_EQ(open().key().value().public_key(), keys().front().public_key());
}

TEST_F(StoreTest, NoKeyIsNotFound) {
  const auto key = open().key();
  EXPECT_EQ(key.error().code, Errc::not_found);
  EXPECT_THAT(key.error().message, HasSubstr(store_uri));
  EXPECT_TRUE(open().find_keys().value().items.empty());
}

TEST_F(StoreTest, TheOnlyUnreadableKeyIsTheReason) {
  stores_.skipped = {{.code = Errc::pin_incorrect, .message = "wrong passphrase"}};
  EXPECT_EQ(open().key().error().code, Errc::pin_incorrect);
}

TEST_F(StoreTest, SeveralKeysAreListed) {
  keys() = {new_key("ec:p256", "pkcs11:token=t;object=a"),
            new_key("ec:p256", "pkcs11:token=t;object=b")};
  const auto key = open().key();
  EXPECT_EQ(key.error().code, Errc::ambiguous);
  EXPECT_THAT(key.error().message, HasSubstr("pkcs11:token=t;object=a, pkcs11:token=t;object=b"));
}

TEST_F(StoreTest, OfManyKeysTheFirstAreListed) {
  for (int i = 0; i < 12; ++i) {
    keys().push_back(new_key("ec:p256", "pkcs11:token=t;object=key" + std::to_string(i)));
  }
  const auto message = open().key().error().message;
  EXPECT_THAT(message, HasSubstr("12 private keys"));
  EXPECT_THAT(message, HasSubstr("object=key9 and 2 more"));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("object=key10")));
}

TEST_F(StoreTest, PolicyKeepsSmallRsaKeysOut) {
  config_.policy.min_rsa_bits = 2048;
  keys() = {new_key("rsa:1024", "pkcs11:token=t;object=a")};
  const auto key = open().key();
  EXPECT_EQ(key.error().code, Errc::refused_by_policy);
  EXPECT_THAT(key.error().message, HasSubstr("min_rsa_bits"));
  const auto listing = open().find_keys().value();
  EXPECT_TRUE(listing.items.empty());
  EXPECT_EQ(listing.skipped.size(), 1U);
  keys() = {new_key("ec:p256", "pkcs11:token=t;object=a")};
  EXPECT_TRUE(open().key());
}

TEST_F(StoreTest, PolicyKeepsKeysInFilesOut) {
  config_.policy.require_token = true;
  keys() = {new_key("ec:p256", "file:/a.pem")};
  EXPECT_THAT(open().key().error().message, HasSubstr("require_token"));
}

TEST_F(StoreTest, IdentityOfAKeyFromElsewhere) {
  const auto made = authority_.make("leaf", "", false);
  const auto other = authority_.make("other", "", false);
  certificates() = {made.certificate, other.certificate};
  const auto identity = open().identity_of(made.key);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->leaf(), made.certificate);
  certificates() = {other.certificate};
  EXPECT_EQ(open().identity_of(made.key).error().code, Errc::key_mismatch);
}

TEST_F(StoreTest, IdentityFindsLeafAndChain) {
  const auto root = authority_.make("root", "", true);
  const auto upper = authority_.make("upper", "root", true);
  const auto lower = authority_.make("lower", "upper", true);
  const auto leaf = authority_.make("leaf", "lower", false);
  const auto other = authority_.make("other", "upper", false);
  keys() = {leaf.key};
  certificates() = {other.certificate, root.certificate,  upper.certificate,
                    leaf.certificate,  lower.certificate, leaf.certificate};
  const auto identity = open().identity();
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->leaf(), leaf.certificate);
  EXPECT_THAT(identity->chain(), ElementsAre(lower.certificate, upper.certificate));
}

// A certificate of the issuer's name but another key is no issuer.
TEST_F(StoreTest, TheChainIsCheckedBySignature) {
  const auto root = authority_.make("root", "", true);
  const auto upper = authority_.make("upper", "root", true);
  const auto leaf = authority_.make("leaf", "upper", false);
  const auto false_upper = authority_.make("upper", "root", true);
  keys() = {leaf.key};
  certificates() = {false_upper.certificate, leaf.certificate};
  EXPECT_TRUE(open().identity()->chain().empty());
  certificates().push_back(upper.certificate);
  EXPECT_THAT(open().identity()->chain(), ElementsAre(upper.certificate));
}

TEST_F(StoreTest, CrossSignedAuthoritiesMakeNoLoop) {
  const auto root = authority_.make("root", "", true);
  const auto a = authority_.make("a", "root", true);
  const auto b = authority_.make("b", "a", true);
  // a's name and key once more, issued by b.
  const auto crossed =
      authority_.make("crossed", "b", true, {"-subj", "/O=Example/CN=a", "-key", "a.key"});
  const auto leaf = authority_.make("leaf", "b", false);
  keys() = {leaf.key};
  certificates() = {leaf.certificate, crossed.certificate, b.certificate};
  const auto identity = open().identity();
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->chain().size(), 2U);
}

TEST_F(StoreTest, SelfSignedLeafHasNoChain) {
  const auto leaf = authority_.make("leaf", "", false);
  keys() = {leaf.key};
  certificates() = {leaf.certificate};
  EXPECT_TRUE(open().identity()->chain().empty());
}

TEST_F(StoreTest, AnotherKeysCertificateIsAMismatch) {
  keys() = {authority_.make("leaf", "", false).key};
  certificates() = {authority_.make("other", "", false).certificate};
  EXPECT_EQ(open().identity().error().code, Errc::key_mismatch);
}

// The URI of a key, as listings print it, names no certificate: they are found beside it.
TEST_F(StoreTest, AKeysOwnUriFindsWhatLiesAroundIt) {
  const auto root = authority_.make("root", "", true);
  const auto upper = authority_.make("upper", "root", true);
  const auto leaf = authority_.make("leaf", "upper", false);
  constexpr const char* key_uri = "pkcs11:token=t;object=leaf;type=private";
  stores_.keys[key_uri] = {leaf.key};
  certificates() = {upper.certificate, leaf.certificate, root.certificate};
  const auto store = try_open(key_uri);
  EXPECT_EQ(stores_.opened, 1);
  const auto identity = store->identity();
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->leaf(), leaf.certificate);
  EXPECT_THAT(identity->chain(), ElementsAre(upper.certificate));
  EXPECT_TRUE(store->find_certificates()->items.empty());
}

TEST_F(StoreTest, OtherKeysCertificatesAroundAKeyAreNoMismatch) {
  stores_.keys["file:/a.pem?index=1"] = {new_key("ec:p256", "file:/a.pem?index=1")};
  stores_.certificates["file:/a.pem"] = {authority_.make("other", "", false).certificate};
  EXPECT_EQ(try_open("file:/a.pem?index=1")->identity().error().code, Errc::not_found);
}

TEST_F(StoreTest, NoCertificateIsNotFound) {
  keys() = {authority_.make("leaf", "", false).key};
  EXPECT_EQ(open().identity().error().code, Errc::not_found);
}

TEST_F(StoreTest, SeveralCertificatesOfOneKeyAreListed) {
  const auto leaf = authority_.make("leaf", "", false);
  const auto renewed = authority_.make("renewed", "", false, {"-key", "leaf.key"});
  keys() = {leaf.key};
  certificates() = {leaf.certificate, renewed.certificate};
  const auto identity = open().identity();
  EXPECT_EQ(identity.error().code, Errc::ambiguous);
  EXPECT_THAT(identity.error().message, HasSubstr("pkcs11:token=t;object=c2"));
}

TEST_F(StoreTest, FindsCertificates) {
  const auto leaf = authority_.make("leaf", "", false);
  certificates() = {leaf.certificate};
  EXPECT_THAT(open().find_certificates().value().items, ElementsAre(leaf.certificate));
}

// SoftHSM asks for engines that are not there; a TLS program takes old errors for new ones.
TEST_F(StoreTest, TheCallersErrorQueueStaysAsItWas) {
  stores_.at_open = [] { ERR_raise(ERR_LIB_USER, 1); };
  stores_.at_find = [] { ERR_raise(ERR_LIB_USER, 2); };
  keys() = {new_key("ec:p256", "pkcs11:token=t;object=a")};
  ERR_clear_error();
  const auto store = open();
  EXPECT_TRUE(store.key());
  EXPECT_TRUE(store.find_keys());
  EXPECT_TRUE(store.find_entries());
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_F(StoreTest, AbsentBackendsSayWhy) {
  const auto store = try_open("pfx:/a.p12");
  EXPECT_EQ(store.error().code, Errc::unsupported);
  EXPECT_THAT(store.error().message, HasSubstr("tests read no PKCS#12"));
  EXPECT_EQ(try_open("system:").error().code, Errc::unsupported);
}

TEST_F(StoreTest, UrisFromDataRunNothing) {
  const auto code = [&](std::string_view uri) {
    const auto store = try_open(uri, UriOrigin::data);
    return store ? std::optional<Errc>() : store.error().code;
  };
  EXPECT_EQ(code("pkcs11:token=t?pin-source=cmd:/bin/id"), Errc::refused_by_policy);
  EXPECT_EQ(code("pkcs11:token=t?pin-source=env:PIN"), Errc::refused_by_policy);
  EXPECT_EQ(code("pkcs11:token=t?pin-source=pass:1"), Errc::refused_by_policy);
  EXPECT_EQ(code("pkcs11:token=t?pin-source=fd:1"), Errc::refused_by_policy);
  EXPECT_EQ(code("pkcs11:token=t?pin-value=1"), Errc::malformed);
  EXPECT_EQ(code("pkcs11:token=t?module-path=/a.so"), Errc::refused_by_policy);
  EXPECT_EQ(stores_.opened, 0);
  config_.modules.push_back({.name = "a", .path = "/a.so"});
  EXPECT_EQ(code("pkcs11:token=t?module-path=/a.so"), std::nullopt);
  EXPECT_EQ(code("pkcs11:token=t?pin-source=cred:pin"), std::nullopt);
}

TEST_F(StoreTest, CallersMayNameWhatTheyWant) {
  EXPECT_TRUE(try_open("pkcs11:token=t?pin-source=cmd:/bin/id&module-path=/a.so"));
}

TEST_F(StoreTest, PolicyAllowsModules) {
  config_.policy.module_allow = {"/good.so"};
  EXPECT_TRUE(try_open("pkcs11:token=t?module-path=/good.so"));
  const auto store = try_open("pkcs11:token=t?module-path=/bad.so");
  EXPECT_EQ(store.error().code, Errc::refused_by_policy);
  EXPECT_THAT(store.error().message, HasSubstr("module_allow"));
}

TEST(ReadPin, TakesTheFirstSource) {
  const auto uri = [](std::string_view text) { return Uri::parse(text).value(); };
  const PinRequest request{.what = PinRequest::What::token_pin, .object = "t"};
  OpenOptions options{.pin = [](const PinRequest&) -> Result<Secret> {
    return Secret::copy_of(std::string_view("asked"));
  }};
  const auto read = [&](std::string_view text) {
    return std::string(as_text(read_pin(uri(text), options, request).value().view()));
  };
  EXPECT_EQ(read("pkcs11:token=t"), "asked");
  options.pin_source = SecretSource::parse("pass:option").value();
  EXPECT_EQ(read("pkcs11:token=t"), "option");
  EXPECT_EQ(read("pkcs11:token=t?pin-source=pass:uri"), "uri");
  EXPECT_EQ(read("pkcs11:token=t?pin-value=value"), "value");
  const auto unreadable = read_pin(uri("pkcs11:token=t?pin-source=/nowhere/pin"), {}, request);
  EXPECT_EQ(unreadable.error().code, Errc::pin_required);
  EXPECT_THAT(unreadable.error().message, ::testing::HasSubstr("/nowhere/pin"));
  const auto missing = read_pin(uri("pkcs11:token=t"), {}, request);
  EXPECT_EQ(missing.error().code, Errc::pin_required);
  EXPECT_FALSE(missing.error().hint.empty());
}

TEST(ReadPin, DataRunsNothing) {
  const auto pin = read_pin(Uri::parse("pkcs11:token=t?pin-source=pass:1").value(),
                            {.origin = UriOrigin::data}, {});
  EXPECT_EQ(pin.error().code, Errc::refused_by_policy);
}

}  // namespace
}  // namespace keystore
