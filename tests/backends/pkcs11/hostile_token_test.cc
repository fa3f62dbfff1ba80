// Tokens that answer with nonsense: the error names the object, and nothing crashes or hangs.
#include "tests/backends/pkcs11/hostile_token.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "keystore/tokens.h"

namespace keystore {
namespace {

using testing::alone;
using ::testing::HasSubstr;
using testing::HostileToken;
using testing::why;

using HostileSignatures = HostileToken;

const Uri anywhere = Uri::parse("pkcs11:").value();

TEST_F(HostileSignatures, OfImpossibleLengthAreRefused) {
  EXPECT_TRUE(alone([&] {
    for (const auto* name : {"key", "rsa"}) {
      token_->set_faults("");
      const auto key = open_key(name);
      ASSERT_TRUE(key) << why(key);
      for (const auto* length :
           {"0", "1", "63", "255", "100000", "0x1000000000000000", "0xFFFFFFFFFFFFFFFF"}) {
        token_->set_faults(std::string("answer C_Sign length=") + length);
        const auto error = refused(key->sign(key->schemes().front(), message), name);
        EXPECT_EQ(error.code, Errc::malformed) << length;
      }
      token_->set_faults("");
      EXPECT_TRUE(key->sign(key->schemes().front(), message));
    }
  }));
}

TEST_F(HostileSignatures, ThatAreNoneDoNotVerify) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key("key");
    ASSERT_TRUE(key) << why(key);
    token_->set_faults("answer C_Sign fill=0xA5");
    const auto signature = key->sign(scheme, message);
    ASSERT_TRUE(signature) << why(signature);
    EXPECT_FALSE(key->public_key()->verify(spec_of(scheme), message, *signature).value_or(false));
  }));
}

TEST_F(HostileToken, PlaintextOfImpossibleLengthIsRefused) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key("rsa");
    ASSERT_TRUE(key) << why(key);
    const DecryptSpec raw{.encryption = Encryption::rsa_raw};
    const Bytes ciphertext(key->entry().shape->bits / 8, 1);
    const auto plain = key->decrypt(raw, ciphertext);
    EXPECT_TRUE(plain) << why(plain);
    for (const auto* length : {"100000", "0x1000000000000000", "0xFFFFFFFFFFFFFFFF"}) {
      token_->set_faults(std::string("answer C_Decrypt length=") + length);
      EXPECT_EQ(refused(key->decrypt(raw, ciphertext), "rsa").code, Errc::malformed);
    }
  }));
}

TEST_F(HostileToken, SharedSecretsOfImpossibleLengthAreRefused) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key("key");
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(key->derive(*key->public_key()));
    for (const auto* row : {"attribute 0x11 length=100000", "attribute 0x11 length=0",
                            "attribute 0x11 length=0xFFFFFFFFFFFFFFFF", "attribute 0x11 grows",
                            "attribute 0x11 missing"}) {
      token_->set_faults(row);
      refused(key->derive(*key->public_key()), "key");
    }
  }));
}

TEST_F(HostileToken, KeysThatComeOutInPartAreNotExported) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key("open");
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(key->export_pkcs8(insecure_export_permit()));
    for (const auto* row : {"attribute 0x11 length=100000", "attribute 0x11 length=0",
                            "attribute 0x11 length=0xFFFFFFFFFFFFFFFF", "attribute 0x11 grows",
                            "attribute 0x11 missing", "attribute 0x11 value="}) {
      token_->set_faults(row);
      refused(key->export_pkcs8(insecure_export_permit()), "open");
    }
  }));
}

TEST_F(HostileToken, ProofsOfImpossibleLengthAreRefused) {
  EXPECT_TRUE(alone([&] {
    const auto store = open_store();
    const auto pkcs8 =
        keystore::open(data("rsa.pem"))->key()->export_pkcs8(insecure_export_permit());
    for (const auto* length : {"1", "0x1000000000000000", "0xFFFFFFFFFFFFFFFF"}) {
      // A key that is unwrapped proves itself.
      token_->set_faults(std::string("no-create 0xD1\nanswer C_Sign length=") + length);
      const auto made = store->importer()->import_key(*pkcs8, {.label = "new", .id = {1}});
      EXPECT_EQ(refused(made, "test").code, Errc::malformed) << length;
    }
    token_->set_faults("");
    EXPECT_FALSE(store->key({.label = "new"}));
  }));
}

TEST_F(HostileToken, WrappedKeysOfImpossibleLengthAreRefused) {
  EXPECT_TRUE(alone([&] {
    const auto store = open_store();
    const auto key = store->key({.label = "open"});
    ASSERT_TRUE(key) << why(key);
    const auto by = store->wrapper()->generate_wrapping_key(256, {.label = "kek"});
    ASSERT_TRUE(by) << why(by);
    EXPECT_TRUE(store->wrapper()->wrap(key->entry(), by->uri));
    for (const auto* length : {"0", "16385", "0x1000000000000000", "0xFFFFFFFFFFFFFFFF"}) {
      token_->set_faults(std::string("answer C_WrapKey length=") + length);
      const auto wrapped = store->wrapper()->wrap(key->entry(), by->uri);
      EXPECT_EQ(refused(wrapped, "open").code, Errc::malformed) << length;
    }
  }));
}

TEST_F(HostileToken, SearchesThatNeverEndAreGivenUp) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key("key");
    ASSERT_TRUE(key) << why(key);
    for (const auto* row : {"answer C_FindObjects again", "answer C_FindObjects length=1025",
                            "answer C_FindObjects length=0x1000000000000000"}) {
      token_->set_faults(row);
      auto store = open_store();
      EXPECT_EQ(refused(store->find_entries(), "test").code, Errc::malformed) << row;
      EXPECT_EQ(refused(store->key({.label = "rsa"}), "test").code, Errc::malformed) << row;
    }
    token_->set_faults("");
    EXPECT_TRUE(signs(*key));
  }));
}

TEST_F(HostileToken, CountsThatCannotBeAreRefused) {
  const auto module = testing::TestToken::module_path().string();
  for (const auto* count : {"100000", "0x1000000000000000", "0xFFFFFFFFFFFFFFFF"}) {
    EXPECT_TRUE(alone([&] {
      token_->set_faults(std::string("answer C_GetSlotList length=") + count);
      EXPECT_EQ(refused(open_store()->find_entries(), module).code, Errc::malformed);
      EXPECT_EQ(refused(pkcs11::list_tokens(anywhere, {}), module).code, Errc::malformed);
    })) << count;
    EXPECT_TRUE(alone([&] {
      token_->set_faults(std::string("answer C_GetMechanismList length=") + count);
      EXPECT_EQ(refused(open_key("key"), module).code, Errc::malformed);
      EXPECT_TRUE(open_store()->find_entries());
      const auto tokens = pkcs11::list_tokens(anywhere, {});
      ASSERT_TRUE(tokens) << why(tokens);
      EXPECT_FALSE(tokens->skipped.empty());
    })) << count;
  }
}

TEST_F(HostileToken, CountsThatCouldBeAreSurvived) {
  for (const auto* count : {"0", "1", "65", "513"}) {
    EXPECT_TRUE(alone([&] {
      token_->set_faults(std::string("answer C_GetSlotList length=") + count +
                         "\nanswer C_GetMechanismList length=" + count);
      static_cast<void>(open_store()->find_entries());
      static_cast<void>(open_key("key"));
      static_cast<void>(pkcs11::list_tokens(anywhere, {}));
    })) << count;
    token_->set_faults("");
  }
}

TEST_F(HostileToken, NamesOfAnyOctetsArePrintedAndFound) {
  token_->set_faults("token-text label=1b5b33316d80ff serial=00ff manufacturer= model=2f3b3d");
  EXPECT_TRUE(alone([&] {
    const auto tokens = pkcs11::list_tokens(anywhere, {});
    ASSERT_TRUE(tokens) << why(tokens);
    ASSERT_FALSE(tokens->items.empty());
    const auto uri = tokens->items.front().uri.canonical();
    EXPECT_THAT(uri, HasSubstr("token=%1B[31m%80%FF"));
    const auto key = keystore::open(uri, testing::with_pin(softhsm_->pin()))->key({.label = "key"});
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(signs(*key));
  }));
}

TEST_F(HostileToken, ObjectsThatVanishDuringAListingAreNamed) {
  EXPECT_TRUE(alone([&] {
    for (int call = 1; call <= 10; ++call) {
      token_->set_faults("");
      auto store = open_store();
      ASSERT_TRUE(store->key({.label = "key"}));
      token_->counts().reset();
      token_->set_faults(fmt::format("C_GetAttributeValue code=0x82 on={}", call));
      const auto listed = store->find_entries();
      ASSERT_TRUE(listed) << why(listed);
      EXPECT_GE(listed->items.size(), 6u);
      for (const auto& error : listed->skipped) {
        EXPECT_EQ(error.code, Errc::unavailable) << error.message;
        EXPECT_THAT(error.message, HasSubstr("pkcs11:token=test: cannot read object '"));
      }
    }
  }));
}

/// An attribute that we read, gone wrong in every object.
struct Attribute {
  const char* name;
  CK_ATTRIBUTE_TYPE type;
};
class HostileAttributes : public HostileToken, public ::testing::WithParamInterface<Attribute> {
 protected:
  static constexpr std::size_t objects = 7;
  static constexpr std::array ways = {"missing",
                                      "grows",
                                      "value=",
                                      "value=ff",
                                      "value=0000000000000000",
                                      "value=308400000001",
                                      "value=1b5b33316d80ff00fe0a22",
                                      "length=0",
                                      "length=100000",
                                      "length=0x1000000000000000",
                                      "length=0xFFFFFFFFFFFFFFFF"};

  /// What can be listed is listed, the rest is named.
  void list() {
    const auto listed = open_store()->find_entries();
    ASSERT_TRUE(listed) << why(listed);
    EXPECT_EQ(listed->items.size() + listed->skipped.size(), objects);
    for (const auto& error : listed->skipped) {
      EXPECT_NE(error.code, Errc::internal) << error.message;
      EXPECT_THAT(error.message, HasSubstr("pkcs11:token=test"));
    }
    for (const auto& entry : listed->items) EXPECT_TRUE(Uri::parse(entry.uri.canonical()));
  }
  /// Every signature is good or refused, unless the token `lies` about the public key.
  void use(const char* name, bool lies) {
    const auto key = open_key(name);
    if (!key) {
      refused(key, "test");
      return;
    }
    for (const auto one : key->schemes()) {
      const auto signature = key->sign(one, message);
      if (!signature) {
        refused(signature, "test");
      } else if (key->public_key() && !lies) {
        EXPECT_TRUE(key->public_key()->verify(spec_of(one), message, *signature).value_or(false));
      }
    }
    const auto exported = key->export_pkcs8(insecure_export_permit());
    if (!exported || !key->public_key()) return;
    const auto copy = make_software_key(Secret::copy_of(exported->view()), key->entry());
    ASSERT_TRUE(copy) << why(copy);
    EXPECT_EQ((*copy)->entry().public_key, key->public_key());
  }
};

TEST_P(HostileAttributes, AreSurvived) {
  for (const auto* way : ways) {
    const auto row = fmt::format("attribute {:#x} {}", GetParam().type, way);
    EXPECT_TRUE(alone([&] {
      const auto before = std::chrono::steady_clock::now();
      const auto key = open_key("key");
      ASSERT_TRUE(key) << why(key);
      token_->set_faults(row);
      list();
      for (const auto* name : {"key", "rsa", "open"})
        use(name, row.find("value=") != std::string::npos);
      token_->set_faults("");
      EXPECT_TRUE(signs(*key));
      EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
    })) << row;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, HostileAttributes,
    ::testing::Values(Attribute{"Class", CKA_CLASS}, Attribute{"Label", CKA_LABEL},
                      Attribute{"Value", CKA_VALUE}, Attribute{"KeyType", CKA_KEY_TYPE},
                      Attribute{"Id", CKA_ID}, Attribute{"Sensitive", CKA_SENSITIVE},
                      Attribute{"Extractable", CKA_EXTRACTABLE}, Attribute{"Modulus", CKA_MODULUS},
                      Attribute{"Exponent", CKA_PUBLIC_EXPONENT},
                      Attribute{"PublicKeyInfo", CKA_PUBLIC_KEY_INFO},
                      Attribute{"EcParams", CKA_EC_PARAMS}, Attribute{"EcPoint", CKA_EC_POINT},
                      Attribute{"AlwaysAuthenticate", CKA_ALWAYS_AUTHENTICATE},
                      Attribute{"AllowedMechanisms", CKA_ALLOWED_MECHANISMS}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace keystore
