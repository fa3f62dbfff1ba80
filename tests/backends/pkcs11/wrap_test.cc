// Keys that leave a token wrapped by a key of it, and come back.
#include <gmock/gmock.h>

#include "tests/backends/pkcs11/token_keys.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using ::testing::HasSubstr;
using testing::SoftHsm;
using testing::why;
using testing::with_pin;

class TokenWrap : public ::testing::Test {
 protected:
  struct Tokens {
    SoftHsm hsm = SoftHsm("first");
    const SoftHsm::Token& second = hsm.add_token("second");
  };
  // Both before the module is initialised: it looks for tokens only then.
  static Tokens& tokens() {
    static Tokens both;
    return both;
  }
  static std::string label() {
    return ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    tokens();
  }

  static Store open(const SoftHsm::Token& token = tokens().hsm.token()) {
    auto store = keystore::open(token.uri(), with_pin(token.pin));
    EXPECT_TRUE(store) << why(store);
    return std::move(*store);
  }
  static Uri new_wrapping_key(const std::string& name, std::vector<KeyUsage> usage = {}) {
    const auto made =
        open().wrapper()->generate_wrapping_key(256, {.label = name, .usage = std::move(usage)});
    EXPECT_TRUE(made) << why(made);
    return made->uri;
  }
  static Key new_key(std::string_view type, NewObject object) {
    object.label = label();
    const auto key = open().generator()->generate_key(KeySpec::parse(type).value(), object);
    EXPECT_TRUE(key) << why(key);
    return *key;
  }
  static void expect_signs(const Store& store, const WrappedKey& wrapped) {
    const auto key = store.key({.id = wrapped.id});
    ASSERT_TRUE(key) << why(key);
    EXPECT_EQ(key->label(), wrapped.label);
    EXPECT_EQ(key->entry().attributes.at("sensitive"), "yes");
    EXPECT_EQ(key->entry().attributes.at("extractable"), "no");
    const auto scheme = key->schemes().front();
    const auto signature = key->sign(scheme, as_bytes("m"));
    ASSERT_TRUE(signature) << why(signature);
    EXPECT_TRUE(wrapped.public_key.verify(spec_of(scheme), as_bytes("m"), *signature).value());
  }
  /// The same AES key on both tokens, as two ceremonies would leave it.
  static bool share_wrapping_key(const std::string& name, const std::filesystem::path& value) {
    for (const auto* token : {&tokens().hsm.token(), &tokens().second}) {
      const auto made = testing::run({"pkcs11-tool", "--module", SoftHsm::module_path(),
                                      "--token-label", token->label, "--login", "--pin", token->pin,
                                      "--write-object", value.string(), "--type", "secrkey",
                                      "--key-type", "AES:32", "--label", name, "--usage-wrap"});
      if (!made.ok()) {
        ADD_FAILURE() << made.text();
        return false;
      }
    }
    return true;
  }
  static std::size_t objects(const SoftHsm::Token& token = tokens().hsm.token()) {
    return open(token).find_entries()->items.size();
  }
};

TEST_F(TokenWrap, BringsAKeyBackThatSignsAsBefore) {
  const auto by = new_wrapping_key(label() + "-wrap");
  for (const auto* type : {"ec:p256", "ec:p521", "rsa:2048"}) {
    SCOPED_TRACE(type);
    const auto key = new_key(type, {.wrappable = true});
    EXPECT_FALSE(key.entry().extractable) << "never in the clear";
    auto store = open();
    const auto wrapped = store.wrapper()->wrap(key.entry(), by);
    ASSERT_TRUE(wrapped) << why(wrapped);
    EXPECT_EQ(wrapped->public_key, key.public_key());
    EXPECT_EQ(wrapped->mechanism, WrapMechanism::aes_kwp);
    ASSERT_TRUE(store.remover()->remove(key.entry()));
    const auto before = objects();
    const auto entry = store.wrapper()->unwrap(*wrapped, by, {});
    ASSERT_TRUE(entry) << why(entry);
    EXPECT_EQ(objects(), before + 2);
    expect_signs(store, *wrapped);
    EXPECT_EQ(store.wrapper()->unwrap(*wrapped, by, {}).error().code, Errc::already_exists);
    ASSERT_TRUE(store.remover()->remove(*entry));
  }
}

TEST_F(TokenWrap, IsOpenedByAnotherTokenAndByOpensslWithTheSameKey) {
  if (!testing::have_program("pkcs11-tool")) GTEST_SKIP() << "pkcs11-tool is not installed";
  const testing::Workspace folder;
  testing::write_text(folder / "aes", "0123456789abcdef0123456789ABCDEF");
  ASSERT_TRUE(share_wrapping_key("shared", folder / "aes"));
  const auto key = new_key("ec:p256", {.wrappable = true});
  const auto wrapped =
      open().wrapper()->wrap(key.entry(), Uri::parse("pkcs11:object=shared").value());
  ASSERT_TRUE(wrapped) << why(wrapped);
  const auto second = open(tokens().second);
  const auto there = Uri::parse("pkcs11:token=second;object=shared").value();
  const auto entry = second.wrapper()->unwrap(*wrapped, there, {});
  ASSERT_TRUE(entry) << why(entry);
  expect_signs(second, *wrapped);

  testing::write_text(folder / "wrapped", as_text(wrapped->wrapped));
  const auto opened = testing::run(
      {"sh", "-c",
       "openssl enc -d -id-aes256-wrap-pad -iv a65959a6 -in '" + (folder / "wrapped").string() +
           "' -K $(printf 0123456789abcdef0123456789ABCDEF | od -An -tx1 | tr -d ' \\n') | "
           "openssl pkey -inform DER -pubout -outform DER -out '" +
           (folder / "spki").string() + "'"});
  ASSERT_TRUE(opened.ok()) << opened.text();
  const auto& spki = wrapped->public_key.spki();
  EXPECT_EQ(testing::read_text(folder / "spki"), as_text(spki));
}

TEST_F(TokenWrap, WrapsAKeyThatIsNotOnTheToken) {
  const auto by = new_wrapping_key(label() + "-wrap");
  const auto before = objects();
  const auto pkcs8 = generate_software_key(KeySpec::parse("rsa:2048").value()).value();
  auto store = open();
  const auto wrapped = store.wrapper()->wrap_copy(pkcs8, {.label = label(), .id = {7}}, by);
  ASSERT_TRUE(wrapped) << why(wrapped);
  EXPECT_EQ(objects(), before);
  ASSERT_TRUE(store.wrapper()->unwrap(*wrapped, by, {}));
  expect_signs(store, *wrapped);
}

TEST_F(TokenWrap, RefusesKeysThatMayNotLeave) {
  const auto by = new_wrapping_key(label() + "-wrap");
  const auto store = open();
  auto* wrapper = store.wrapper();
  const auto guarded = new_key("ec:p256", {.id = {1}});
  const auto refused = wrapper->wrap(guarded.entry(), by);
  EXPECT_EQ(refused.error().code, Errc::access_denied);
  EXPECT_THAT(refused.error().hint, HasSubstr("--wrappable"));
  ASSERT_TRUE(open().remover()->remove(guarded.entry()));

  const auto trusting = new_key("ec:p256", {.id = {2}, .wrap_with_trusted = true});
  EXPECT_EQ(trusting.entry().attributes.at("wrap-with-trusted"), "yes");
  const auto not_trusted = wrapper->wrap(trusting.entry(), by);
  EXPECT_EQ(not_trusted.error().code, Errc::access_denied);
  EXPECT_THAT(not_trusted.error().message, HasSubstr("trusted"));
}

TEST_F(TokenWrap, RefusesWrappingKeysThatAreNone) {
  const auto key = new_key("ec:p256", {.wrappable = true});
  const auto store = open();
  auto* wrapper = store.wrapper();
  const auto code_for = [&](std::string_view uri) {
    return wrapper->wrap(key.entry(), Uri::parse(uri).value()).error().code;
  };
  EXPECT_EQ(code_for("pkcs11:object=nobody"), Errc::not_found);
  EXPECT_EQ(code_for("pkcs11:token=second;object=nobody"), Errc::invalid_argument);
  EXPECT_EQ(code_for("pkcs11:object=x;type=private"), Errc::invalid_argument);
  EXPECT_EQ(code_for("/etc/key"), Errc::invalid_argument);
  const auto unwraps = new_wrapping_key(label() + "-unwrap", {KeyUsage::unwrap});
  EXPECT_EQ(wrapper->wrap(key.entry(), unwraps).error().code, Errc::access_denied);
}

TEST_F(TokenWrap, LeavesNothingOfAFileThatIsNotWhatItSays) {
  const auto by = new_wrapping_key(label() + "-wrap");
  const auto other = new_wrapping_key(label() + "-other");
  auto store = open();
  const auto key = new_key("ec:p256", {.wrappable = true});
  auto wrapped = store.wrapper()->wrap(key.entry(), by);
  ASSERT_TRUE(wrapped) << why(wrapped);
  ASSERT_TRUE(store.remover()->remove(key.entry()));
  const auto before = objects();

  const auto by_other = store.wrapper()->unwrap(*wrapped, other, {});
  ASSERT_FALSE(by_other);
  EXPECT_THAT(by_other.error().hint, HasSubstr(label() + "-wrap"));
  auto changed = *wrapped;
  changed.wrapped[11] ^= 1;
  EXPECT_FALSE(store.wrapper()->unwrap(changed, by, {}));
  auto swapped = *wrapped;
  const auto stranger = new_key("ec:p256", {.wrappable = true});
  swapped.public_key = *stranger.public_key();
  ASSERT_TRUE(store.remover()->remove(stranger.entry()));
  EXPECT_EQ(store.wrapper()->unwrap(swapped, by, {}).error().code, Errc::key_mismatch);
  EXPECT_EQ(objects(), before);
}

TEST_F(TokenWrap, MakesWrappingKeysThatNeitherLeaveNorDecrypt) {
  const auto by = new_wrapping_key(label());
  const auto store = keystore::open(by, with_pin(tokens().hsm.token().pin));
  const auto found = store->find_entries();
  ASSERT_TRUE(found && found->items.size() == 1U);
  const auto& attributes = found->items.front().attributes;
  EXPECT_EQ(attributes.at("sensitive"), "yes");
  EXPECT_EQ(attributes.at("extractable"), "no");
  EXPECT_EQ(attributes.at("wrap"), "yes");
  EXPECT_EQ(attributes.at("unwrap"), "yes");
  const auto token = open();
  auto* wrapper = token.wrapper();
  EXPECT_EQ(wrapper->generate_wrapping_key(256, {.label = label()}).error().code,
            Errc::already_exists);
  EXPECT_EQ(wrapper->generate_wrapping_key(100, {}).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace keystore
