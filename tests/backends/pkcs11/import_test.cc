// Keys that come from outside: as they are, or wrapped where the token takes none in the clear.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/backends/pkcs11/token_keys.h"
#include "tests/tokens/test_token.h"

namespace keystore {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::why;

constexpr const char* no_create = "no-create 0x1B\n";  // CKR_ACTION_PROHIBITED
constexpr const char* no_aes = "without 0x210A\n";

class TokenImport : public ::testing::Test {
 protected:
  static SoftHsm& softhsm() {
    static SoftHsm softhsm;
    return softhsm;
  }
  static testing::TestToken& module() {
    static testing::TestToken module(softhsm());
    return module;
  }
  static std::string label() {
    return ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    module().set_faults("");
  }
  void TearDown() override {
    if (!IsSkipped()) module().set_faults("");
  }

  static Store open() {
    auto store = keystore::open(softhsm().uri(), testing::with_pin(softhsm().pin()));
    EXPECT_TRUE(store) << why(store);
    return std::move(*store);
  }
  static Secret software_key(std::string_view type) {
    return generate_software_key(KeySpec::parse(type).value()).value();
  }
  static Result<Entry> import(std::string_view type, NewObject object = {}) {
    object.label = label();
    return open().importer()->import_key(software_key(type), object);
  }
  static std::size_t objects() { return open().find_entries()->items.size(); }
  static void remove(const Entry& entry) {
    const auto removed = open().remover()->remove(entry);
    EXPECT_TRUE(removed) << why(removed);
  }
  /// It signs, is called as it was asked for, and does not leave; and it is removed.
  static void expect_guarded(const Result<Entry>& entry) {
    ASSERT_TRUE(entry) << why(entry);
    EXPECT_EQ(entry->label, label());
    EXPECT_EQ(entry->attributes.at("sensitive"), "yes");
    EXPECT_EQ(entry->attributes.at("extractable"), "no");
    const auto key = open().key({.id = entry->id});
    ASSERT_TRUE(key) << why(key);
    EXPECT_EQ(key->public_key(), entry->public_key);
    const auto scheme = key->schemes().front();
    const auto signature = key->sign(scheme, as_bytes("m"));
    ASSERT_TRUE(signature) << why(signature);
    EXPECT_TRUE(entry->public_key->verify(spec_of(scheme), as_bytes("m"), *signature).value());
    remove(*entry);
  }
};

struct Way {
  const char* name;
  const char* faults;
  const char* told;
};

class TokenImportBy : public TokenImport, public ::testing::WithParamInterface<Way> {};

TEST_P(TokenImportBy, BringsInGuardedKeysThatSign) {
  module().set_faults(GetParam().faults);
  const auto before = objects();
  for (const auto* type : {"ec:p256", "ec:p521", "rsa:2048"}) {
    SCOPED_TRACE(type);
    const auto rehearsed = open().importer()->rehearse_import(KeySpec::parse(type).value());
    ASSERT_TRUE(rehearsed) << why(rehearsed);
    EXPECT_EQ(*rehearsed, GetParam().told);
    EXPECT_EQ(objects(), before);
    expect_guarded(import(type));
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, TokenImportBy,
                         ::testing::Values(Way{"Create", "", "C_CreateObject"},
                                           Way{"AesKey", no_create,
                                               "C_UnwrapKey with CKM_AES_KEY_WRAP_PAD, its AES "
                                               "key by C_CreateObject"}),
                         [](const auto& each) { return each.param.name; });

TEST_F(TokenImport, CarriesTheAesKeyByRsaWhereTheTokenTakesNoneInTheClear) {
  // The private key, then the AES key; the public key is the third.
  const auto made = module().counts().of("C_CreateObject");
  module().set_faults(no_create + fmt::format("C_CreateObject code=0xD1 on={}\n", made + 2));
  const auto unwrapped = module().counts().of("C_UnwrapKey");
  expect_guarded(import("rsa:2048"));
  EXPECT_EQ(module().counts().of("C_UnwrapKey"), unwrapped + 2);
}

TEST_F(TokenImport, CarriesKeysByRsaAloneAsFarAsTheyFit) {
  module().set_faults(std::string(no_create) + no_aes);
  const auto before = objects();
  expect_guarded(import("ec:p521"));
  const auto rsa = import("rsa:2048");
  ASSERT_FALSE(rsa);
  EXPECT_EQ(rsa.error().code, Errc::unsupported);
  EXPECT_THAT(rsa.error().message, AllOf(HasSubstr("CKR_ACTION_PROHIBITED from C_CreateObject"),
                                         HasSubstr("CKR_MECHANISM_INVALID from C_UnwrapKey"),
                                         HasSubstr("RSA-OAEP carries 342 octets")));
  EXPECT_THAT(rsa.error().hint, HasSubstr("keystore new"));
  EXPECT_EQ(objects(), before);
}

TEST_F(TokenImport, LeavesNothingBehindWhenThePublicKeyIsRefused) {
  for (const auto* faults : {"", no_create}) {
    const auto before = objects();
    const auto made = module().counts().of("C_CreateObject");
    const auto third = *faults == '\0' ? made + 2 : made + 3;
    module().set_faults(faults + fmt::format("C_CreateObject code=0x31 on={}\n", third));
    const auto entry = import("ec:p256");
    ASSERT_FALSE(entry);
    EXPECT_THAT(entry.error().message, HasSubstr("public key"));
    EXPECT_EQ(objects(), before);
  }
}

TEST_F(TokenImport, TriesNoOtherWayWhereTheTokenIsFull) {
  const auto made = module().counts().of("C_CreateObject");
  const auto unwrapped = module().counts().of("C_UnwrapKey");
  module().set_faults(fmt::format("C_CreateObject code=0x31 on={}\n", made + 1));
  const auto entry = import("ec:p256");
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().code, Errc::unavailable);
  EXPECT_EQ(entry.error().cause, (Cause{"pkcs11", "C_CreateObject", 0x31}));
  EXPECT_EQ(module().counts().of("C_UnwrapKey"), unwrapped);
}

// A key that does not sign is not trusted to be the one that was given.
TEST_F(TokenImport, TakesBackAnUnwrappedKeyThatCannotProveItself) {
  const auto before = objects();
  const auto signs = module().counts().of("C_SignInit");
  module().set_faults(no_create + fmt::format("C_SignInit code=0x6 from={}\n", signs + 1));
  EXPECT_FALSE(import("ec:p256"));
  EXPECT_EQ(objects(), before);
}

TEST_F(TokenImport, SaysOfEveryKeyWhatItMayNotDo) {
  const auto entry = import("ec:p256", {.usage = {KeyUsage::sign}});
  ASSERT_TRUE(entry) << why(entry);
  for (const auto* what : {"decrypt", "derive", "unwrap"}) {
    EXPECT_EQ(entry->attributes.at(what), "no") << what;
  }
  remove(*entry);
}

}  // namespace
}  // namespace keystore
