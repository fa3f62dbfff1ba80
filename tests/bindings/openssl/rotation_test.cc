// Live rotation: files change under a context that serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>

#include "keystore/log.h"
#include "tests/bindings/openssl/rotation_fixture.h"

namespace keystore {
namespace {

namespace fs = std::filesystem;
using openssl::ClientCertificate;
using openssl::Rotator;
using openssl::TlsOptions;
using testing::Context;
using ::testing::HasSubstr;
using testing::RotationFixture;
using testing::shake_hands;
using testing::started;
using testing::Workspace;

std::string naming(const fs::path& key, const fs::path& certificates) {
  return "[identities.web]\nkey = \"" + key.string() + "\"\nchain = \"" + certificates.string() +
         "\"\n";
}

/// Where the configuration of this process is, which is read once.
const Workspace& configured() {
  static const Workspace folder;
  return folder;
}

using SessionPtr = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;

class RotationTest : public RotationFixture {
 protected:
  static void SetUpTestSuite() {
    const auto& folder = configured();
    const auto path = folder.write("keystore.toml", naming(folder / "web.key", folder / "web.crt"));
    setenv("KEYSTORE_CONFIG", path.c_str(), 1);
  }
};

class RotationWay : public RotationTest, public ::testing::WithParamInterface<bool> {};

INSTANTIATE_TEST_SUITE_P(NotifiedOrPolling, RotationWay, ::testing::Bool());

TEST_P(RotationWay, SeesFilesThatAreRenamedIntoPlace) {
  install(make("one"));
  const Context context(serving());
  const auto rotator = started(context, reports_.options(GetParam()));
  EXPECT_EQ(shown(context), "one");
  install(make("two"));
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
  EXPECT_EQ(shown(context), "two");
  install(make("three", "RSA"));
  EXPECT_EQ(reports_.next_leaf(), "CN=three");
  EXPECT_EQ(shown(context), "three");
}

TEST_P(RotationWay, SeesFilesThatAreWrittenInPlace) {
  install(make("one"));
  const Context context(serving());
  const auto rotator = started(context, reports_.options(GetParam()));
  const auto two = make("two");
  folder_.write("web.key", testing::read_text(two.key));
  folder_.write("web.crt", testing::read_text(two.certificates));
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
  EXPECT_EQ(shown(context), "two");
}

// A folder of links into a folder behind a link, which is swapped: Kubernetes does so.
TEST_P(RotationWay, SeesFoldersThatAreSwappedBehindLinks) {
  const auto put = [&](const char* version) {
    const auto files = make(version);
    fs::create_directory(folder_ / version);
    fs::copy(files.key, folder_ / version / "tls.key");
    fs::copy(files.certificates, folder_ / version / "tls.crt");
    fs::create_directory_symlink(version, folder_ / "..data_tmp");
    fs::rename(folder_ / "..data_tmp", folder_ / "..data");
  };
  put("v1");
  fs::create_directory(folder_ / "mount");
  fs::create_symlink(folder_ / "..data" / "tls.key", folder_ / "mount" / "tls.key");
  fs::create_symlink("../..data/tls.crt", folder_ / "mount" / "tls.crt");
  const Context context(serving(folder_ / "mount" / "tls.key", folder_ / "mount" / "tls.crt"));
  const auto rotator = started(context, reports_.options(GetParam()));
  put("v2");
  EXPECT_EQ(reports_.next_leaf(), "CN=v2");
  EXPECT_EQ(shown(context), "v2");
  fs::remove_all(folder_ / "v1");
  put("v3");
  EXPECT_EQ(reports_.next_leaf(), "CN=v3");
}

TEST_P(RotationWay, SeesFoldersThatAreMovedAwayAndComeBack) {
  const auto put = [&](const char* name, const char* subject) {
    const auto files = make(subject);
    fs::create_directory(folder_ / name);
    fs::copy(files.key, folder_ / name / "tls.key");
    fs::copy(files.certificates, folder_ / name / "tls.crt");
  };
  put("live", "one");
  const Context context(serving(folder_ / "live" / "tls.key", folder_ / "live" / "tls.crt"));
  const auto rotator = started(context, reports_.options(GetParam()));
  fs::rename(folder_ / "live", folder_ / "old");
  EXPECT_EQ(reports_.next_error().code, Errc::not_found);
  EXPECT_EQ(shown(context), "one");
  put("next", "two");
  fs::rename(folder_ / "next", folder_ / "live");
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
}

TEST_F(RotationTest, ACertificateMayComeLongBeforeItsKey) {
  install(make("one"));
  const Context context(serving());
  const auto rotator = started(context, reports_.options());
  const auto two = make("two");
  replace(folder_ / "web.crt", two.certificates);
  const auto error = reports_.next_error();
  EXPECT_EQ(error.code, Errc::key_mismatch);
  EXPECT_THAT(error.message, HasSubstr("web.key"));
  EXPECT_THAT(error.message, HasSubstr("web.crt"));
  EXPECT_EQ(shown(context), "one");
  replace(folder_ / "web.key", two.key);
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
  EXPECT_EQ(shown(context), "two");
}

TEST_F(RotationTest, WhatIsBrokenChangesNothingAndIsSaid) {
  install(make("one"));
  const Context context(serving());
  std::mutex mutex;
  std::string logged;
  set_log_sink([&](LogLevel level, std::string_view line) {
    const std::lock_guard lock(mutex);
    if (level == LogLevel::warning) logged += std::string(line) + "\n";
  });
  const auto rotator = started(context, reports_.options());
  const struct {
    std::string certificates;
    Errc code;
    const char* says;
  } broken[] = {
      {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", Errc::malformed,
       "web.crt"},
      {"", Errc::malformed, "web.crt"},
      {authority_.certify(testing::make_plain_key("P-256").get()), Errc::key_mismatch, "web.key"},
  };
  for (const auto& each : broken) {
    folder_.write("web.crt", each.certificates);
    const auto error = reports_.next_error();
    EXPECT_EQ(error.code, each.code) << error.message;
    EXPECT_THAT(error.message, HasSubstr(each.says));
    EXPECT_EQ(shown(context), "one");
  }
  for (const auto& [spec, says] :
       {std::pair{testing::CertificateSpec{.to = -60}, "expired on"},
        std::pair{testing::CertificateSpec{.extended_usage = "clientAuth"},
                  "not for TLS servers"}}) {
    install(authority_.make("two", "P-256", spec));
    std::string message;
    do message = reports_.next_error().message;
    while (message.find("is not for key") != std::string::npos);
    EXPECT_THAT(message, HasSubstr(says));
    EXPECT_EQ(shown(context), "one");
  }
  install(make("three"));
  EXPECT_EQ(reports_.next_leaf(), "CN=three");
  set_log_sink({});
  EXPECT_THAT(logged,
              HasSubstr("stays in use as it was: the certificate of 'CN=server.test' expired"));
}

TEST_F(RotationTest, OthersGoOnWhereOneIsBroken) {
  const auto a = authority_.make("a", "P-256", {.subject = "a", .names = "DNS:a.test"});
  const auto b = authority_.make("b", "RSA", {.subject = "b", .names = "DNS:b.test"});
  const Context context({.identities = {a.source(), b.source()}});
  const auto rotator = started(context, reports_.options());
  testing::write_text(a.certificates, "nothing");
  EXPECT_TRUE(reports_.next().error);
  const auto c = authority_.make("c", "RSA", {.subject = "c", .names = "DNS:b.test"});
  replace(b.certificates, c.certificates);
  replace(b.key, c.key);
  EXPECT_EQ(reports_.next_leaf(), "CN=c");
  EXPECT_EQ(shown(context), "a");
}

TEST_F(RotationTest, RunningConnectionsAreLeftAlone) {
  install(make("one"));
  const Context context(serving());
  const auto rotator = started(context, reports_.options());
  const SslCtxPtr connecting(SSL_CTX_new(TLS_client_method()));
  const SslPtr server(SSL_new(context.get())), client(SSL_new(connecting.get()));
  BIO *a = nullptr, *b = nullptr;
  BIO_new_bio_pair(&a, 0, &b, 0);
  SSL_set_bio(server.get(), a, a);
  SSL_set_bio(client.get(), b, b);
  SSL_set_accept_state(server.get());
  SSL_set_connect_state(client.get());
  SSL_do_handshake(client.get());
  SSL_do_handshake(server.get());  // in the middle of it
  install(make("two"));
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
  EXPECT_EQ(SSL_do_handshake(client.get()), 1);
  EXPECT_EQ(SSL_do_handshake(server.get()), 1);
  EXPECT_EQ(testing::common_name(SSL_get0_peer_certificate(client.get())), "one");
  char text[6] = {};
  EXPECT_EQ(SSL_write(server.get(), "hello", 5), 5);
  EXPECT_EQ(SSL_read(client.get(), text, 5), 5);
  EXPECT_STREQ(text, "hello");
}

TEST_F(RotationTest, ClientsShowTheirNewCertificate) {
  install(make("one"));
  auto options = serving();
  options.role = openssl::Role::client;
  options.trust = {authority_.file()};
  options.host = "server.test";
  const Context connecting(options);
  TlsOptions mutual{.identities = {authority_.make("server", "P-256").source()},
                    .trust = {authority_.file()},
                    .client_certificate = ClientCertificate::required};
  const Context accepting(mutual);
  const auto rotator = started(connecting, reports_.options());
  EXPECT_EQ(shake_hands(accepting.get(), connecting.get()).client_shown, "one");
  install(make("two"));
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
  EXPECT_EQ(shake_hands(accepting.get(), connecting.get()).client_shown, "two");
}

TEST_F(RotationTest, RevocationListsAreReadAgain) {
  const auto client = make("client");
  TlsOptions mutual{.identities = {authority_.make("server", "P-256").source()},
                    .trust = {authority_.file()},
                    .client_certificate = ClientCertificate::required,
                    .revocation = openssl::Revocation::leaf,
                    .crls = {authority_.make_crl({})}};
  const Context accepting(mutual);
  const Context connecting({.role = openssl::Role::client,
                            .identities = {client.source()},
                            .trust = {authority_.file()},
                            .host = "server.test"});
  const auto rotator = started(accepting, reports_.options());
  const auto verdict = [&] {
    return shake_hands(accepting.get(), connecting.get()).server_verdict;
  };
  EXPECT_EQ(verdict(), "ok");
  testing::write_text(mutual.crls.front(), "nothing");
  EXPECT_EQ(reports_.next_error().code, Errc::malformed);
  EXPECT_EQ(verdict(), "ok");
  authority_.make_crl({client.leaf.get()});
  EXPECT_EQ(reports_.next().source, "trust");
  EXPECT_THAT(verdict(), HasSubstr("revoked"));
}

TEST_F(RotationTest, SessionsFromBeforeANewRevocationListAreNotResumed) {
  const auto client = make("client");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsOptions mutual{.identities = {make("server").source()},
                            .trust = {authority_.file()},
                            .client_certificate = ClientCertificate::required,
                            .revocation = openssl::Revocation::leaf,
                            .crls = {authority_.make_crl({})}};
    const Context accepting(mutual);
    const Context connecting({.role = openssl::Role::client,
                              .identities = {client.source()},
                              .trust = {authority_.file()},
                              .any_host = true});
    SSL_CTX_set_max_proto_version(connecting.get(), version);
    testing::Reports reports;
    const auto rotator = started(accepting, reports.options());
    SslPtr connection;
    const auto shake = [&](SSL_SESSION* session) {
      return shake_hands(accepting.get(), connecting.get(), [&](SSL* fresh) {
        if (session != nullptr) SSL_set_session(fresh, session);
        SSL_up_ref(fresh);
        connection.reset(fresh);
      });
    };
    EXPECT_TRUE(shake(nullptr).done);
    SessionPtr session(SSL_get1_session(connection.get()));
    EXPECT_TRUE(shake(session.get()).done);
    EXPECT_EQ(SSL_session_reused(connection.get()), 1);
    session.reset(SSL_get1_session(connection.get()));
    authority_.make_crl({client.leaf.get()});
    while (reports.next().error) continue;  // half of the file
    EXPECT_THAT(shake(session.get()).server_verdict, HasSubstr("revoked"));
    EXPECT_EQ(SSL_session_reused(connection.get()), 0);
  }
}

TEST_F(RotationTest, TheConfigurationIsReadAgain) {
  const auto one = make("one"), two = make("two");
  fs::copy(one.key, configured() / "web.key");
  fs::copy(one.certificates, configured() / "web.crt");
  const Context context({.identities = {{.key = "keystore:web"}}});
  const auto rotator = started(context, reports_.options());
  EXPECT_EQ(shown(context), "one");
  configured().write("keystore.toml", "[identities.web");
  EXPECT_EQ(reports_.next().source, "configuration");
  EXPECT_EQ(shown(context), "one");
  configured().write("keystore.toml", naming(two.key, two.certificates));
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
  EXPECT_EQ(shown(context), "two");
  install(make("three"));
  replace(two.certificates, folder_ / "web.crt");
  replace(two.key, folder_ / "web.key");
  EXPECT_EQ(reports_.next_leaf(), "CN=three");
}

TEST_F(RotationTest, NoThreadIsLeftBehind) {
  install(make("one"));
  const Context context(serving());
  const auto threads = [] {
    return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator());
  };
  const auto before = threads();
  {
    auto rotator = started(context, reports_.options());
    EXPECT_EQ(threads(), before + 1);
    rotator = started(context, reports_.options());
    EXPECT_EQ(threads(), before + 1);
  }
  EXPECT_EQ(threads(), before);
  EXPECT_EQ(shown(context), "one");
}

TEST_F(RotationTest, OutlivesItsOwnersContext) {
  install(make("one"));
  auto context = std::make_unique<Context>(serving());
  const auto rotator = started(*context, reports_.options());
  context.reset();
  install(make("two"));
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
}

TEST_F(RotationTest, ForkedChildrenGoOnWithWhatTheyHave) {
  install(make("one"));
  const Context context(serving());
  std::optional<Rotator> rotator(started(context, reports_.options()));
  const pid_t child = fork();
  if (child == 0) {
    rotator.reset();
    _exit(shown(context) == "one" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  install(make("two"));
  EXPECT_EQ(reports_.next_leaf(), "CN=two");
}

TEST_F(RotationTest, ContextsOfOthersAreRefused) {
  const SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  const auto rotator = Rotator::start(context.get());
  ASSERT_FALSE(rotator);
  EXPECT_EQ(rotator.error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace keystore
