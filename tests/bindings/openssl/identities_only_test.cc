// Contexts that are told what they show, and keep all else as the application has it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keystore/store.h"
#include "tests/bindings/openssl/rotation_fixture.h"

namespace keystore {
namespace {

using openssl::Role;
using openssl::TlsOptions;
using testing::Context;
using ::testing::HasSubstr;
using testing::shake_hands;

class IdentitiesOnly : public testing::RotationFixture {
 protected:
  static TlsOptions only(openssl::IdentitySource source, Role role = Role::server) {
    return {.role = role, .identities_only = true, .identities = {std::move(source)}};
  }
  static Identity opened(const testing::IssuedFiles& files) {
    const auto store = open(files.certificates.string()).value();
    return store.identity_of(open(files.key.string()).value().key().value()).value();
  }
  void believe(SSL_CTX* context) const {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_load_verify_locations(context, authority_.file().c_str(), nullptr);
  }
};

TEST_F(IdentitiesOnly, LeavesVersionsCiphersAndTrustToTheApplication) {
  const SslCtxPtr server(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(server.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  ASSERT_TRUE(configure(server.get(), only(make("server").source())));
  believe(server.get());
  const SslCtxPtr client(SSL_CTX_new(TLS_client_method()));
  ASSERT_TRUE(configure(client.get(), only(make("client", "RSA").source(), Role::client)));
  believe(client.get());
  const auto result = shake_hands(server.get(), client.get());
  EXPECT_TRUE(result.done) << result.errors;
  EXPECT_EQ(result.version, TLS1_2_VERSION);
  EXPECT_EQ(result.server_shown + " " + result.client_shown, "server client");
  EXPECT_EQ(result.client_verdict + " " + result.server_verdict, "ok ok");

  const SslCtxPtr nobody(SSL_CTX_new(TLS_client_method()));
  EXPECT_FALSE(shake_hands(server.get(), nobody.get()).done);
  const SslCtxPtr unbelieving(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(unbelieving.get(), SSL_VERIFY_PEER, nullptr);
  EXPECT_FALSE(shake_hands(server.get(), unbelieving.get()).done);
}

TEST_F(IdentitiesOnly, RefusesWhatItIsNotToSay) {
  auto options = only(make("server").source());
  options.trust = {authority_.file()};
  const Context context(options);
  ASSERT_FALSE(context.configured);
  EXPECT_EQ(context.configured.error().code, Errc::invalid_argument);
}

int choose(SSL* connection, int*, void* other) {
  SSL_set_SSL_CTX(connection, static_cast<SSL_CTX*>(other));
  return SSL_TLSEXT_ERR_OK;
}

TEST_F(IdentitiesOnly, ShowsThatOfTheContextWhichTheApplicationChooses) {
  for (const bool whole : {false, true}) {
    auto first = only(make("first").source()), other = only(make("other", "RSA").source());
    first.identities_only = other.identities_only = !whole;
    const Context server(first), chosen(other);
    ASSERT_TRUE(server.configured && chosen.configured);
    EXPECT_EQ(shown(server), "first");
    SSL_CTX_set_tlsext_servername_callback(server.get(), choose);
    SSL_CTX_set_tlsext_servername_arg(server.get(), chosen.get());
    EXPECT_EQ(shown(server), "other");
  }
}

TEST_F(IdentitiesOnly, FollowTheirFilesThoughGivenReady) {
  install(make("one"));
  auto source = serving().identities.front();
  source.ready = opened({.key = source.key, .certificates = source.certificates, .leaf = {}});
  const Context context(only(source));
  EXPECT_EQ(shown(context), "one");
  const auto rotator = started(context, reports_.options());
  install(make("two"));
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
  EXPECT_EQ(shown(context), "two");
}

TEST_F(IdentitiesOnly, HaveEachItsOwnSecret) {
  const auto plain = make("web");
  auto encrypted = [&](const char* name, const char* passphrase) {
    const auto path = (folder_ / name).string();
    const BioPtr out(BIO_new_file(path.c_str(), "w")), in(BIO_new_file(plain.key.c_str(), "r"));
    const EvpPkeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), passphrase,
                                  static_cast<int>(strlen(passphrase)), nullptr, nullptr);
    return openssl::IdentitySource{
        .key = path,
        .certificates = plain.certificates.string(),
        .open = OpenOptions{.pin_source =
                                SecretSource::parse("pass:" + std::string(passphrase)).value()}};
  };
  auto options = only(encrypted("a.key", "one"));
  options.identities.push_back(encrypted("b.key", "two"));
  const Context context(options);
  EXPECT_TRUE(context.configured) << context.configured.error().message;
  options.identities.back().open.reset();
  EXPECT_FALSE(Context(options).configured);
}

}  // namespace
}  // namespace keystore
