#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/pem/decrypt.h"
#include "tests/backends/pem/data.h"

namespace keystore {
namespace {

using testing::code_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::open_path;
using testing::plain_options;
using testing::read_text;
using testing::test_file;
using testing::why;
using testing::with_passphrase;
using testing::Workspace;

OpenOptions counting(int& asked, std::string_view answer = testing::test_passphrase) {
  OpenOptions options = plain_options();
  options.pin = [&asked, answer](const PinRequest& request) {
    EXPECT_EQ(request.what, PinRequest::What::passphrase);
    ++asked;
    return Secret::copy_of(answer);
  };
  return options;
}

TEST(PemPassphrase, CostsNoMoreWorkThanItsFileMay) {
  const auto text = read_text(test_file("ec-pbes2.pem"));
  const auto octets = pem::block_octets(pem::scan_blocks(text).front(), text);
  ASSERT_TRUE(octets) << why(octets);
  const auto passphrase = Secret::copy_of(testing::test_passphrase);
  WorkBudget enough;
  EXPECT_TRUE(pem::decrypt_pkcs8(octets->view(), passphrase, enough));
  WorkBudget spent(1);
  EXPECT_EQ(pem::decrypt_pkcs8(octets->view(), passphrase, spent).error().code, Errc::unsupported);
}

TEST(PemPassphrase, IsAskedOncePerFile) {
  const Workspace workspace;
  const auto path =
      workspace.write("two.pem", read_text(test_file("ec-pbes2.pem")) +
                                     read_text(test_file("rsa-traditional-aes256.pem")));
  int asked = 0;
  const auto keys = open_path(path, counting(asked)).find_keys();
  ASSERT_TRUE(keys) << why(keys);
  EXPECT_EQ(keys->items.size(), 2U);
  EXPECT_EQ(asked, 1);
}

TEST(PemPassphrase, IsNotAskedForWhatIsNotEncrypted) {
  int asked = 0;
  EXPECT_TRUE(open_path(test_file("combined.pem"), counting(asked)).identity());
  EXPECT_EQ(asked, 0);
}

TEST(PemPassphrase, IsNotAskedForAListing) {
  int asked = 0;
  for (const char* name : {"ec-pbes2.pem", "ec-pbes2.der", "rsa-traditional-aes256.pem"}) {
    const auto found = open_path(test_file(name), counting(asked)).find_entries();
    ASSERT_TRUE(found) << why(found);
    ASSERT_EQ(found->items.size(), 1U) << name;
    EXPECT_EQ(found->items[0].kind, EntryKind::private_key);
    EXPECT_FALSE(found->items[0].public_key);
    EXPECT_EQ(found->items[0].attributes.at("encrypted"), "yes");
  }
  EXPECT_EQ(asked, 0);
}

TEST(PemPassphrase, WrongOneIsToldAndNamesTheFile) {
  for (const char* name : {"ec-pbes1.pem", "ec-pbes2.pem", "ec-pbes2.der", "ec-scrypt.pem",
                           "gnutls-pkcs8.pem", "rsa-traditional-aes256.pem"}) {
    const auto key = open_path(test_file(name), with_passphrase("open barley")).key();
    EXPECT_EQ(code_of(key), Errc::pin_incorrect) << name << why(key);
    EXPECT_THAT(why(key), HasSubstr(name));
    EXPECT_THAT(why(key), Not(HasSubstr("barley")));
  }
}

// One wrong passphrase in 256 leaves padding that looks right: 2000 of them meet that many times.
TEST(PemPassphrase, WrongOneIsToldWhenThePaddingLooksRightByLuck) {
  const auto file = test_file("rsa-traditional-aes256.pem");
  for (int i = 0; i < 2000; ++i) {
    const auto key = open_path(file, with_passphrase("wrong " + std::to_string(i))).key();
    ASSERT_EQ(code_of(key), Errc::pin_incorrect) << i << why(key);
  }
}

// The passphrase is right and the key inside is not: its two halves are of different keys.
TEST(PemPassphrase, RightOneForABrokenKeyIsNotCalledWrong) {
  const Workspace workspace;
  auto key = open_path(test_file("ec.der")).key()->export_pkcs8(insecure_export_permit());
  key->writable().back() ^= 1U;
  const auto encrypted = pem::encrypt_pkcs8(*key, Secret::copy_of(testing::test_passphrase));
  ASSERT_TRUE(encrypted) << why(encrypted);
  const auto path = workspace.write("broken.der", as_text(encrypted->view()));
  EXPECT_EQ(code_of(open_path(path, with_passphrase()).key()), Errc::malformed);
  EXPECT_EQ(code_of(open_path(path, with_passphrase("other")).key()), Errc::pin_incorrect);
}

TEST(PemPassphrase, CutOffCiphertextIsMalformed) {
  const Workspace workspace;
  std::string der = read_text(test_file("ec-pbes2.der"));
  // One octet less in the OCTET STRING at the end, and in the SEQUENCE around all.
  const auto octets = der.rfind("\x04\x81\x90");
  ASSERT_NE(octets, std::string::npos);
  der[octets + 2] = '\x8f';
  der[2] = static_cast<char>(der[2] - 1);
  der.pop_back();
  const auto key = open_path(workspace.write("cut.der", der), with_passphrase()).key();
  EXPECT_EQ(code_of(key), Errc::malformed) << why(key);
}

TEST(PemPassphrase, MissingOneIsRequiredWithAHint) {
  const auto key = open_path(test_file("ec-pbes2.pem")).key();
  EXPECT_EQ(code_of(key), Errc::pin_required);
  EXPECT_THAT(key.error().hint, Not(::testing::IsEmpty()));
}

TEST(PemPassphrase, ComesFromTheUri) {
  const Workspace workspace;
  const auto secret = workspace.write("pass", "open sesame\n");
  const auto uri = Uri::from_path(test_file("ec-pbes2.pem").string())
                       .with_query_attribute("pin-source", "file:" + secret.string());
  EXPECT_TRUE(open(uri, plain_options())->key());
}

TEST(PemPassphrase, KeyThatAsksForTooMuchWorkIsRefusedAtOnce) {
  const auto key = open_path(test_file("ec-many-iterations.pem"), with_passphrase()).key();
  EXPECT_EQ(code_of(key), Errc::unsupported);
  EXPECT_THAT(why(key), HasSubstr("too much work"));
}

TEST(PemPassphrase, EncryptedKeyIsFoundByItsPublicKey) {
  const auto plain = open_path(test_file("ec-p-256.pem")).key();
  const auto other = open_path(test_file("ed25519.pem")).key();
  const auto store = open_path(test_file("ec-pbes2.pem"), with_passphrase());
  EXPECT_TRUE(store.key({.public_key = plain->public_key()}));
  EXPECT_EQ(code_of(store.key({.public_key = other->public_key()})), Errc::not_found);
}

}  // namespace
}  // namespace keystore
