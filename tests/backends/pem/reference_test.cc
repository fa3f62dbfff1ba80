#include "keystore/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backends/pem/data.h"

namespace keystore {
namespace {

using testing::code_of;
using ::testing::HasSubstr;
using testing::open_path;
using testing::read_text;
using testing::test_file;
using testing::why;
using testing::Workspace;

/// A reference to identity 'web': no token is needed to see that it is followed.
std::string reference_to_web(std::string_view key) {
  const auto public_key = open_path(test_file(key)).key()->public_key();
  return Reference{.uri = *Uri::parse("keystore:web"), .public_key = public_key}.to_pem().value();
}

/// Identity 'web' has its key in that file.
OpenOptions web_is(std::string_view key) {
  Config config;
  config.identities.push_back({.name = "web", .keys = {"file:" + test_file(key).string()}});
  return {.config = std::make_shared<Config>(config)};
}

TEST(PemReference, IsAKeyKeptElsewhere) {
  const Workspace workspace;
  const auto path = workspace.write("web.pem", reference_to_web("ec-p-256.pem"));
  const auto found = open_path(path).find_entries();
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->items.size(), 1U);
  const Entry& entry = found->items.front();
  EXPECT_EQ(entry.kind, EntryKind::private_key);
  EXPECT_EQ(entry.custody, Custody::token);
  EXPECT_EQ(entry.uri.canonical(), "keystore:web");
  EXPECT_FALSE(entry.extractable);
  EXPECT_EQ(entry.shape->curve, "P-256");
}

TEST(PemReference, SignsThroughTheStoreItNames) {
  const Workspace workspace;
  const auto path = workspace.write(
      "web.pem", reference_to_web("ec-p-256.pem") + read_text(test_file("web.pem")));
  const auto identity = open_path(path, web_is("ec-p-256.pem")).identity();
  ASSERT_TRUE(identity) << why(identity);
  const auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
  const auto signature = identity->key().sign(scheme, as_bytes("hello"));
  ASSERT_TRUE(signature) << why(signature);
  EXPECT_TRUE(
      *identity->key().public_key()->verify(spec_of(scheme), as_bytes("hello"), *signature));
}

TEST(PemReference, NoticesAnotherKey) {
  const Workspace workspace;
  const auto path = workspace.write("web.pem", reference_to_web("ed25519.pem"));
  const auto key = open_path(path, web_is("gnutls-ed25519.pem")).key();
  ASSERT_TRUE(key) << why(key);
  EXPECT_EQ(code_of(key->sign(SignatureScheme::ed25519, as_bytes("hello"))), Errc::key_mismatch);
}

TEST(PemReference, BrokenOneIsMalformed) {
  const Workspace workspace;
  std::string text = reference_to_web("ed25519.pem");
  text.replace(text.find('\n') + 1, 4, "AAAA");
  const auto key = open_path(workspace.write("web.pem", text)).key();
  EXPECT_EQ(code_of(key), Errc::malformed);
  EXPECT_THAT(why(key), HasSubstr("web.pem"));
}

TEST(PemReference, IsRemovedFromItsFileOnly) {
  const Workspace workspace;
  const auto path = workspace.write(
      "web.pem", reference_to_web("ec-p-256.pem") + read_text(test_file("web.pem")));
  auto store = open_path(path);
  const auto found = store.find_entries({.kind = EntryKind::private_key});
  const auto removed = store.remover()->remove(found->items.front());
  ASSERT_TRUE(removed) << why(removed);
  EXPECT_EQ(read_text(path), read_text(test_file("web.pem")));
}

}  // namespace
}  // namespace keystore
