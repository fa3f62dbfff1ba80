// Loading modules: which are refused, and with what words.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "backends/pkcs11/library.h"
#include "keystore/tokens.h"
#include "tests/backends/pkcs11/token_keys.h"

namespace keystore {
namespace {

using testing::alone;
using ::testing::ElementsAre;
using testing::EnvironmentGuard;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::why;
using testing::with_pin;
using testing::Workspace;

Uri uri(std::string_view text) { return Uri::parse(text).value(); }

OpenOptions with_config(Config config) {
  return {.config = std::make_shared<const Config>(std::move(config))};
}

Error opening(const std::string& module, const Config& config = {}) {
  const auto store = keystore::open("pkcs11:token=x?module-path=" + module, with_config(config));
  return store ? Error{} : store.error();
}

TEST(ModuleLoading, RefusesWhatIsNoModule) {
  const Workspace folder;
  EXPECT_EQ(opening("/nowhere/module.so").code, Errc::not_found);
  EXPECT_THAT(opening("/nowhere/module.so").message, HasSubstr("/nowhere/module.so"));
  const auto text = folder.write("text.so", "no library at all");
  EXPECT_EQ(opening(text).code, Errc::malformed);
  EXPECT_EQ(opening(folder.path()).code, Errc::malformed);
  const auto library = std::filesystem::canonical("/proc/self/exe").string();
  EXPECT_NE(opening("/usr/lib/x86_64-linux-gnu/libz.so.1").code, Errc::internal);
  EXPECT_THAT(opening("/usr/lib/x86_64-linux-gnu/libz.so.1").message,
              HasSubstr("is not a PKCS#11 module"));
}

TEST(ModuleLoading, RefusesWhatOthersMayWrite) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  const Workspace folder;
  const auto copy = folder / "module.so";
  std::filesystem::copy_file(SoftHsm::module_path(), copy);
  ASSERT_EQ(::chmod(copy.c_str(), 0666), 0);
  const auto error = opening(copy);
  EXPECT_EQ(error.code, Errc::access_denied);
  EXPECT_THAT(error.message, HasSubstr("others may write it"));
  EXPECT_FALSE(error.hint.empty());
  ASSERT_EQ(::chmod(copy.c_str(), 0644), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  EXPECT_EQ(opening(copy).code, Errc::access_denied);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0700), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(copy.c_str(), 12345, 0), 0);
    EXPECT_EQ(opening(copy).code, Errc::access_denied);
  }
}

TEST(ModuleLoading, ObeysThePolicy) {
  Config config;
  config.policy.module_allow = {"/somewhere/else.so"};
  const auto error = opening(SoftHsm::module_path(), config);
  EXPECT_EQ(error.code, Errc::refused_by_policy);
  EXPECT_THAT(error.message, HasSubstr("module_allow"));
}

TEST(ModuleSearch, TakesTheFirstSourceThatNamesOne) {
  const EnvironmentGuard environment("PKCS11_MODULE_PATH", "/from/environment.so");
  Config config;
  EXPECT_THAT(pkcs11::find_modules(uri("pkcs11:"), config).value(),
              ElementsAre("/from/environment.so"));
  config.modules = {{.name = "one", .path = "/from/one.so"},
                    {.name = "two", .path = "/from/two.so"}};
  EXPECT_THAT(pkcs11::find_modules(uri("pkcs11:"), config).value(),
              ElementsAre("/from/one.so", "/from/two.so"));
  EXPECT_THAT(pkcs11::find_modules(uri("pkcs11:?module-name=two"), config).value(),
              ElementsAre("/from/two.so"));
  EXPECT_THAT(pkcs11::find_modules(uri("pkcs11:?module-path=/x.so"), config).value(),
              ElementsAre("/x.so"));
  EXPECT_EQ(pkcs11::find_modules(uri("pkcs11:?module-name=three"), config).error().code,
            Errc::not_found);
  EXPECT_EQ(pkcs11::find_modules(uri("pkcs11:?module-path=x.so"), config).error().code,
            Errc::invalid_argument);
}

TEST(ModuleSearch, ReadsTheListOfP11kit) {
  const Workspace home;
  std::filesystem::create_directories(home / ".config/pkcs11/modules");
  home.write(".config/pkcs11/modules/mine.module", "# mine\nmodule: /opt/mine.so\n");
  home.write(".config/pkcs11/modules/trust.module", "module: /opt/trust.so\ntrust-policy: yes\n");
  home.write(".config/pkcs11/modules/other.module",
             "module: /opt/other.so\nenable-in: firefox, ssh\n");
  home.write(".config/pkcs11/modules/remote.module", "remote: |ssh host p11-kit remote\n");
  const EnvironmentGuard environment("HOME", home.path().string());
  EXPECT_THAT(pkcs11::find_modules(uri("pkcs11:?module-name=mine"), {}).value(),
              ElementsAre("/opt/mine.so"));
  for (const auto* name : {"trust", "other", "remote"}) {
    EXPECT_FALSE(pkcs11::find_modules(uri(std::string("pkcs11:?module-name=") + name), {})) << name;
  }
}

TEST(OpeningATokenUri, RefusesWhatItDoesNotKnow) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  const auto refused = [](std::string_view text) {
    const auto store = keystore::open(text, with_config({}));
    return store ? Error{} : store.error();
  };
  EXPECT_EQ(refused("pkcs11:token=x;type=data").code, Errc::invalid_argument);
  const auto vendor = refused("pkcs11:token=x;x-vendor=1");
  EXPECT_NE(vendor.code, Errc::internal);
  EXPECT_THAT(vendor.message, HasSubstr("x-vendor"));
}

TEST(TokenListing, ShowsSlotsWithAndWithoutTokens) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  SoftHsm softhsm("first");
  softhsm.add_token("second");
  EXPECT_TRUE(alone([&] {
    const auto tokens = pkcs11::list_tokens(uri("pkcs11:"), {});
    ASSERT_TRUE(tokens) << why(tokens);
    std::vector<std::string> labels;
    int uninitialised = 0;
    for (const auto& token : tokens->items) {
      if (!token.initialised) {
        ++uninitialised;
        continue;
      }
      labels.push_back(token.label);
      EXPECT_TRUE(token.pin.set);
      EXPECT_FALSE(token.pin.locked);
      EXPECT_EQ(token.module, SoftHsm::module_path());
      EXPECT_THAT(token.mechanisms, ::testing::Contains("CKM_RSA_PKCS"));
      EXPECT_EQ(token.uri.canonical(), "pkcs11:token=" + token.label);
    }
    EXPECT_THAT(labels, ::testing::UnorderedElementsAre("first", "second"));
    EXPECT_EQ(uninitialised, 1);
  }));
}

TEST(TokenListing, TellsTokensWithOneLabelByTheirSerials) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  SoftHsm softhsm("same");
  softhsm.add_token("same");
  EXPECT_TRUE(alone([&] {
    const auto tokens = pkcs11::list_tokens(uri("pkcs11:token=same"), {});
    ASSERT_TRUE(tokens) << why(tokens);
    ASSERT_EQ(tokens->items.size(), 2U);
    for (const auto& token : tokens->items) {
      EXPECT_EQ(token.uri.path_attribute("serial"), token.serial);
    }
    auto store = keystore::open("pkcs11:token=same", with_pin(softhsm.pin()));
    ASSERT_TRUE(store) << why(store);
    const auto made =
        store->generator()->generate_key(KeySpec::parse("ec:p256").value(), {.label = "k"});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::ambiguous);
    EXPECT_THAT(made.error().message, HasSubstr("serial="));
    auto one = keystore::open(tokens->items[1].uri, with_pin(softhsm.pin()));
    ASSERT_TRUE(one) << why(one);
    const auto key =
        one->generator()->generate_key(KeySpec::parse("ec:p256").value(), {.label = "k"});
    ASSERT_TRUE(key) << why(key);
    EXPECT_EQ(key->uri().path_attribute("serial"), tokens->items[1].serial);
  }));
}

TEST(TokenListing, NamesTheTokensThatAreThere) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  SoftHsm softhsm("present");
  EXPECT_TRUE(alone([&] {
    auto store = keystore::open("pkcs11:token=absent", with_pin(softhsm.pin()));
    ASSERT_TRUE(store) << why(store);
    const auto key = store->key();
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, Errc::not_found);
    EXPECT_THAT(key.error().message, HasSubstr("absent"));
    EXPECT_THAT(key.error().hint, HasSubstr("'present'"));
  }));
}

}  // namespace
}  // namespace keystore
