// KEYSTORE_TRACE, keys that want a login for each use, and the end of the process.
#include <gmock/gmock.h>

#include "tests/backends/pkcs11/token_keys.h"
#include "tests/support/process.h"
#include "tests/tokens/test_token.h"

namespace keystore {
namespace {

using testing::alone;
using testing::EnvironmentGuard;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SoftHsm;
using testing::TestToken;
using testing::why;
using testing::with_pin;

const Bytes message = {'m'};
constexpr auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;

Result<Key> make_key(const SoftHsm& softhsm) {
  auto store = keystore::open(softhsm.uri(), with_pin(softhsm.pin()));
  if (!store) return Failure(store.error());
  return store->generator()->generate_key(KeySpec::parse("ec:p256").value(), {.label = "key"});
}

TEST(Trace, ShowsEveryCallAndNoSecret) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  SoftHsm softhsm;
  const auto file = softhsm.folder() / "trace";
  const EnvironmentGuard environment("KEYSTORE_TRACE", file.string());
  EXPECT_TRUE(alone([&] {
    const auto key = make_key(softhsm);
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(key->sign(scheme, message));
  }));
  const auto trace = testing::read_text(file);
  for (const auto* call : {"C_GetFunctionList() = CKR_OK", "C_Initialize(*) = CKR_OK", "C_Login(",
                           "C_SignInit(", "CKM_ECDSA", "C_Sign(", "C_Finalize("}) {
    EXPECT_THAT(trace, HasSubstr(call));
  }
  EXPECT_THAT(trace, Not(HasSubstr(softhsm.pin())));
  EXPECT_THAT(trace, HasSubstr("0x1, *, *) = CKR_OK"));  // C_Login: user, PIN, its length
}

TEST(AlwaysAuthenticate, LogsInBetweenStartAndSignature) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  if (!testing::have_program("pkcs11-tool")) GTEST_SKIP() << "pkcs11-tool is not installed";
  SoftHsm softhsm;
  const auto made = testing::run({"pkcs11-tool", "--module", SoftHsm::module_path(),
                                  "--token-label", softhsm.label(), "--login", "--pin",
                                  softhsm.pin(), "--keypairgen", "--key-type", "EC:prime256v1",
                                  "--label", "key", "--id", "01", "--always-auth"});
  ASSERT_TRUE(made.ok()) << made.text();
  TestToken token(softhsm);
  EXPECT_TRUE(alone([&] {
    auto store = keystore::open(softhsm.uri("key"), with_pin(softhsm.pin()));
    ASSERT_TRUE(store) << why(store);
    const auto key = store->key();
    ASSERT_TRUE(key) << why(key);
    EXPECT_EQ(key->entry().attributes.at("always-authenticate"), "yes");
    ASSERT_TRUE(key->sign(scheme, message));  // the first use may make a session copy
    for (int i = 0; i < 2; ++i) {
      token.counts().reset();
      const auto signature = key->sign(scheme, message);
      ASSERT_TRUE(signature) << why(signature);
      EXPECT_TRUE(key->public_key()->verify(spec_of(scheme), message, *signature).value());
      EXPECT_EQ(token.counts().of("C_Login"), 1U);
      EXPECT_EQ(token.counts().total(), 3U);
    }
  }));
}

TEST(EndOfProcess, FinalisesOnceAndCallsNothingAfterwards) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  SoftHsm softhsm;
  TestToken token(softhsm);
  static std::optional<Key> kept;  // destroyed after the exit handlers that ran before it was made
  EXPECT_TRUE(alone([&] {
    auto key = make_key(softhsm);
    ASSERT_TRUE(key) << why(key);
    kept = std::move(*key);
    std::atexit([] { kept.reset(); });
  }));
  EXPECT_EQ(token.counts().of("C_Initialize"), 1U);
  EXPECT_EQ(token.counts().of("C_Finalize"), 1U);
}

TEST(EndOfProcess, SignaturesInExitHandlersFailCleanly) {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  SoftHsm softhsm;
  static std::optional<Key> kept;
  EXPECT_TRUE(alone([&] {
    std::atexit([] {
      const auto signature = kept->sign(scheme, message);
      if (signature || signature.error().code != Errc::unavailable) std::_Exit(9);
    });
    auto key = make_key(softhsm);
    ASSERT_TRUE(key) << why(key);
    kept = std::move(*key);
  }));
}

}  // namespace
}  // namespace keystore
