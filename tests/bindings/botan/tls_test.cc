// Botan's TLS with credentials() on both sides, keys on a token.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/bindings/botan/authority.h"
#include "tests/bindings/botan/handshake.h"
#include "tests/bindings/botan/some_keys.h"

namespace keystore {
namespace {

using testing::Authority;
using ::testing::HasSubstr;
using testing::shake_hands;

class BotanTls : public testing::SomeKeys {
 protected:
  Authority root_{"Root"};
  std::unique_ptr<Botan::Credentials_Manager> anybody_ = botan::credentials({}, root_.trust());

  Identity identity(const std::string& type, const std::string& name) {
    return root_.certify(make("token", type), name);
  }
};

TEST_F(BotanTls, BothEndsShowKeysOfEveryTypeThatBotanTakes) {
  for (const std::string type : {"rsa:2048", "ec:p256", "ec:p384"}) {
    for (const std::string client_type : {"rsa:2048", "ec:p256", "ec:p384"}) {
      SCOPED_TRACE(type + " " + client_type);
      const auto server = botan::credentials({identity(type, "web.test")}, root_.trust());
      const auto client = botan::credentials({identity(client_type, "client")}, root_.trust());
      const auto done = shake_hands(*server, *client, {.client_must_show = true});
      EXPECT_TRUE(done.client.established) << done.client.problem();
      EXPECT_TRUE(done.server.established) << done.server.problem();
      EXPECT_EQ(done.client.shown, "web.test");
      EXPECT_EQ(done.server.shown, "client");
      EXPECT_EQ(done.server.version, "TLS v1.2");
    }
  }
}

TEST_F(BotanTls, AServerShowsTheIdentityThatItsClientNames) {
  const auto server =
      botan::credentials({identity("rsa:2048", "first.test"), identity("ec:p256", "second.test"),
                          identity("ec:p384", "*.third.test")});
  const auto shown = [&](const std::string& host) {
    const auto nobody = botan::credentials({}, root_.trust());
    const auto done = shake_hands(*server, *nobody, {.host = host});
    return done.client.established ? done.client.shown : done.client.problem();
  };
  EXPECT_EQ(shown("first.test"), "first.test");
  EXPECT_EQ(shown("second.test"), "second.test");
  EXPECT_EQ(shown("a.third.test"), "*.third.test");
  EXPECT_THAT(shown("fourth.test"), HasSubstr("name"));
}

TEST_F(BotanTls, AnEd25519IdentityIsLeftToOthers) {
  const auto both =
      botan::credentials({identity("ed25519", "web.test"), identity("ec:p256", "web.test")});
  EXPECT_TRUE(shake_hands(*both, *anybody_).client.established);
  const auto alone = botan::credentials({identity("ed25519", "web.test")});
  const auto done = shake_hands(*alone, *anybody_);
  EXPECT_FALSE(done.client.established);
  EXPECT_EQ(done.client.alert, "handshake_failure");
}

TEST_F(BotanTls, AClientShowsWhatTheServersAuthoritiesIssued) {
  Authority other("Other"), below("Below", other);
  const auto key = make("token", "ec:p256");
  const auto client = botan::credentials(
      {root_.certify(key, "by-root"), below.certify(make("token", "rsa:2048"), "by-below")},
      root_.trust());
  const auto seen = [&](const Authority& authority) {
    const auto server = botan::credentials({identity("ec:p384", "web.test")}, authority.trust());
    const auto done = shake_hands(*server, *client);
    EXPECT_TRUE(done.server.established) << done.server.problem();
    return done.server.shown;
  };
  EXPECT_EQ(seen(root_), "by-root");
  EXPECT_EQ(seen(other), "by-below");
  EXPECT_EQ(seen(Authority("Unknown")), "");
}

TEST_F(BotanTls, AServerThatMustSeeACertificateSaysWhatItSaw) {
  const auto server = botan::credentials({identity("ec:p256", "web.test")}, root_.trust());
  const auto none = shake_hands(*server, *anybody_, {.client_must_show = true});
  EXPECT_FALSE(none.server.established);
  EXPECT_EQ(none.server.problem(), "Policy requires client send a certificate, but it did not");
  EXPECT_EQ(none.client.alert, "handshake_failure");

  Authority impostor("Root");  // the same name, another key
  const auto forged =
      botan::credentials({impostor.certify(make("token", "ec:p256"), "client")}, root_.trust());
  const auto refused = shake_hands(*server, *forged, {.client_must_show = true});
  EXPECT_FALSE(refused.server.established);
  EXPECT_THAT(refused.server.problem(), HasSubstr("Certificate validation failure"));
  EXPECT_EQ(refused.client.alert, "bad_certificate");
}

TEST_F(BotanTls, AClientThatDoesNotTrustTheServerSaysSo) {
  const auto server = botan::credentials({identity("ec:p256", "web.test")});
  const auto client = botan::credentials({}, Authority("Other").trust());
  const auto done = shake_hands(*server, *client);
  EXPECT_FALSE(done.client.established);
  EXPECT_THAT(done.client.problem(), HasSubstr("Certificate issuer not found"));
  EXPECT_EQ(done.server.alert, "bad_certificate");
}

TEST_F(BotanTls, OneKeyServesInManyThreads) {
  const auto server = botan::credentials({identity("ec:p256", "web.test")}, root_.trust());
  const auto client = botan::credentials({identity("rsa:2048", "client")}, root_.trust());
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        const auto done = shake_hands(*server, *client, {.client_must_show = true});
        good += done.server.established && done.client.established;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 40);
}

}  // namespace
}  // namespace keystore
