// TLS in one process: contexts set up by configure(), over memory.
#include "bindings/openssl/tls/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keystore/log.h"
#include "keystore/store.h"
#include "tests/bindings/openssl/file_keys.h"
#include "tests/bindings/openssl/narrow_key.h"
#include "tests/bindings/openssl/test_authority.h"
#include "tests/bindings/openssl/tls_handshake.h"

namespace keystore {
namespace {

using openssl::ClientCertificate;
using openssl::NoStatus;
using openssl::ProtocolVersion;
using openssl::Revocation;
using openssl::Role;
using openssl::TlsOptions;
using testing::CertificateSpec;
using testing::Context;
using ::testing::HasSubstr;
using testing::shake_hands;
using testing::TestAuthority;
using testing::Workspace;

class TlsTest : public ::testing::Test {
 protected:
  TlsOptions server(std::vector<openssl::IdentitySource> identities) const {
    return {.role = Role::server, .identities = std::move(identities)};
  }
  TlsOptions client(std::string host = "server.test") const {
    return {.role = Role::client, .trust = {authority_.file()}, .host = std::move(host)};
  }
  TlsOptions mutual(std::vector<openssl::IdentitySource> identities) const {
    auto options = server(std::move(identities));
    options.trust = {authority_.file()};
    options.client_certificate = ClientCertificate::required;
    return options;
  }

  const Workspace folder_;
  const TestAuthority authority_{folder_, "ca"};
};

class TlsOfType : public TlsTest,
                  public ::testing::WithParamInterface<std::tuple<const char*, ProtocolVersion>> {};

INSTANTIATE_TEST_SUITE_P(
    TypesAndVersions, TlsOfType,
    ::testing::Combine(::testing::Values("RSA", "P-256", "P-384", "P-521", "ED25519", "ED448"),
                       ::testing::Values(ProtocolVersion::tls1_2, ProtocolVersion::tls1_3)));

TEST_P(TlsOfType, BothSidesShowTheirKeyAndCheckTheOther) {
  const auto [type, version] = GetParam();
  const auto shown = authority_.below("sub").make("server", type);
  const auto asked = authority_.make("client", type, {.subject = "client"});
  auto to_server = client();
  to_server.identities = {asked.source()};
  to_server.max_version = version;
  const Context accepting(mutual({shown.source()})), connecting(to_server);
  ASSERT_TRUE(accepting.configured) << accepting.configured.error().message;
  ASSERT_TRUE(connecting.configured) << connecting.configured.error().message;
  const auto result = shake_hands(accepting.get(), connecting.get());
  EXPECT_TRUE(result.done) << result.errors;
  EXPECT_EQ(result.version, version == ProtocolVersion::tls1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
  EXPECT_EQ(result.server_shown, "server.test");
  EXPECT_EQ(result.client_shown, "client");
}

TEST_F(TlsTest, KeyAndCertificateMustMatch) {
  const auto one = authority_.make("one", "P-256"), other = authority_.make("other", "P-256");
  const Context context(
      server({{.key = one.key.string(), .certificates = other.certificates.string()}}));
  ASSERT_FALSE(context.configured);
  EXPECT_EQ(context.configured.error().code, Errc::key_mismatch);
  EXPECT_THAT(context.configured.error().message, HasSubstr(one.key.string()));
  EXPECT_THAT(context.configured.error().message, HasSubstr(other.certificates.string()));
}

struct Unfit {
  CertificateSpec spec;
  Errc code;
  const char* says;
};

class UnfitCertificate : public TlsTest, public ::testing::WithParamInterface<Unfit> {};

INSTANTIATE_TEST_SUITE_P(
    Certificates, UnfitCertificate,
    ::testing::Values(
        Unfit{{.extended_usage = "clientAuth,codeSigning"},
              Errc::access_denied,
              "'CN=server.test' is not for TLS servers: its extended key usage says clientAuth, "
              "codeSigning"},
        Unfit{{.usage = "keyEncipherment"},
              Errc::access_denied,
              "key usage does not allow signatures"},
        Unfit{{.to = -60}, Errc::not_trusted, "'CN=server.test' expired on 20"},
        Unfit{{.from = 3600}, Errc::not_trusted, "'CN=server.test' is not valid before 20"}));

TEST_P(UnfitCertificate, IsRefusedBeforeUse) {
  const Context context(server({authority_.make("web", "P-256", GetParam().spec).source()}));
  ASSERT_FALSE(context.configured);
  EXPECT_EQ(context.configured.error().code, GetParam().code);
  EXPECT_THAT(context.configured.error().message, HasSubstr(GetParam().says));
}

TEST_F(TlsTest, CertificatesWithoutExtendedUsageAreForEverything) {
  const auto web = authority_.make("web", "P-256", {.extended_usage = ""});
  EXPECT_TRUE(Context(server({web.source()})).configured);
}

TEST_F(TlsTest, ACertificateForClientsIsNoServersAndTheOtherWayRound) {
  const auto serving = authority_.make("s", "P-256", {.extended_usage = "serverAuth"});
  auto options = client();
  options.identities = {serving.source()};
  const Context context(options);
  ASSERT_FALSE(context.configured);
  EXPECT_THAT(context.configured.error().message, HasSubstr("not for TLS clients"));
}

TEST_F(TlsTest, OptionsThatWouldBeUnsafeAreRefused) {
  const auto web = authority_.make("web", "P-256");
  auto everybody = server({web.source()});
  everybody.client_certificate = ClientCertificate::required;
  auto nobody = client();
  nobody.revocation = Revocation::leaf;
  auto backwards = client();
  backwards.min_version = ProtocolVersion::tls1_3;
  backwards.max_version = ProtocolVersion::tls1_2;
  for (const auto& options : {everybody, nobody, backwards, server({})}) {
    const Context context(options);
    ASSERT_FALSE(context.configured);
    EXPECT_EQ(context.configured.error().code, Errc::invalid_argument);
  }
}

TEST_F(TlsTest, AFileWithoutCertificatesIsNoTrust) {
  auto options = client();
  options.trust = {folder_.write("empty.pem", "").string()};
  EXPECT_FALSE(Context(options).configured);
  options.trust = {(folder_ / "absent.pem").string()};
  const Context absent(options);
  ASSERT_FALSE(absent.configured);
  EXPECT_EQ(absent.configured.error().code, Errc::not_found);
}

// --- whom a client believes

TEST_F(TlsTest, ClientRefusesAServerThatNobodyVouchesFor) {
  const TestAuthority other(folder_, "other");
  const Context accepting(server({other.make("web", "P-256").source()})), connecting(client());
  const auto result = shake_hands(accepting.get(), connecting.get());
  EXPECT_FALSE(result.done);
  EXPECT_THAT(result.client_verdict, HasSubstr("unable to get local issuer"));
}

TEST_F(TlsTest, TheSystemsAnchorsAreTheDefaultOfClients) {
  const Context accepting(server({authority_.make("web", "P-256").source()})),
      connecting({.role = Role::client, .host = "server.test"});
  ASSERT_TRUE(connecting.configured) << connecting.configured.error().message;
  EXPECT_FALSE(shake_hands(accepting.get(), connecting.get()).done);
}

struct HostCase {
  const char* names;
  const char* host;
  bool good;
};

class TlsHost : public TlsTest, public ::testing::WithParamInterface<HostCase> {};

// RFC 9525, 6.
INSTANTIATE_TEST_SUITE_P(Names, TlsHost,
                         ::testing::Values(HostCase{"DNS:a.test", "a.test", true},
                                           HostCase{"DNS:a.test", "A.Test.", true},
                                           HostCase{"DNS:a.test", "b.test", false},
                                           HostCase{"", "server.test", false},  // the common name
                                           HostCase{"email:a@server.test", "server.test", false},
                                           HostCase{"DNS:*.a.test", "b.a.test", true},
                                           HostCase{"DNS:*.a.test", "c.b.a.test", false},
                                           HostCase{"DNS:b*.a.test", "bc.a.test", false},
                                           HostCase{"IP:192.0.2.1", "192.0.2.1", true},
                                           HostCase{"IP:192.0.2.1", "192.0.2.2", false},
                                           HostCase{"DNS:192.0.2.1", "192.0.2.1", false},
                                           HostCase{"IP:2001:db8::1", "[2001:db8::1]", true}));

TEST_P(TlsHost, MustBeAmongTheAlternativeNames) {
  const auto [names, host, good] = GetParam();
  const auto web = authority_.make("web", "P-256", {.names = names});
  const Context accepting(server({web.source()})), fixed(client(host)), later(client(""));
  for (const auto& result : {shake_hands(accepting.get(), fixed.get()),
                             shake_hands(accepting.get(), later.get(), [&](SSL* connection) {
                               EXPECT_TRUE(openssl::set_host(connection, host));
                             })}) {
    EXPECT_EQ(result.done, good) << result.errors;
    EXPECT_EQ(result.client_verdict.find("mismatch") == std::string::npos, good)
        << result.client_verdict;
  }
}

TEST_F(TlsTest, ConnectionsThatNameNoHostAreRefused) {
  const Context accepting(server({authority_.make("web", "P-256").source()})),
      connecting(client(""));
  std::string said;
  set_log_sink([&](LogLevel, std::string_view line) { said += line; });
  EXPECT_FALSE(shake_hands(accepting.get(), connecting.get()).done);
  set_log_sink({});
  EXPECT_THAT(said, HasSubstr("names no host"));
  auto any = client("");
  any.any_host = true;
  EXPECT_TRUE(shake_hands(accepting.get(), Context(any).get()).done);
}

TEST_F(TlsTest, AHostOfTheConnectionReplacesThatOfTheContext) {
  const auto web = authority_.make("web", "P-256", {.names = "IP:192.0.2.1"});
  const Context accepting(server({web.source()})), connecting(client("server.test"));
  const auto result = shake_hands(accepting.get(), connecting.get(), [](SSL* connection) {
    EXPECT_TRUE(openssl::set_host(connection, "192.0.2.1"));
  });
  EXPECT_TRUE(result.done) << result.errors;
}

TEST_F(TlsTest, NamesThatAreNoneAreRefused) {
  const Context connecting(client(""));
  const SslPtr connection(SSL_new(connecting.get()));
  EXPECT_FALSE(openssl::set_host(connection.get(), ""));
  EXPECT_FALSE(openssl::set_host(connection.get(), std::string(300, 'a')));
  EXPECT_FALSE(openssl::set_host(connection.get(), std::string("a\0b", 3)));
}

// --- whom a server believes

struct ClientCase {
  CertificateSpec spec;
  bool foreign;
  const char* verdict;
};

class TlsClientCertificate : public TlsTest, public ::testing::WithParamInterface<ClientCase> {};

INSTANTIATE_TEST_SUITE_P(Certificates, TlsClientCertificate,
                         ::testing::Values(ClientCase{{}, false, "ok"},
                                           ClientCase{{.to = -60}, false, "has expired"},
                                           ClientCase{{}, true, "unable to get local issuer"}));

// The client is plain OpenSSL: ours would not show what is not good.
TEST_P(TlsClientCertificate, IsJudged) {
  const auto& [spec, foreign, verdict] = GetParam();
  const TestAuthority other(folder_, "other");
  const auto files = (foreign ? other : authority_).make("client", "P-256", spec);
  const Context accepting(mutual({authority_.make("web", "P-256").source()}));
  const SslCtxPtr connecting(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_use_certificate_file(connecting.get(), files.certificates.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_use_PrivateKey_file(connecting.get(), files.key.c_str(), SSL_FILETYPE_PEM);
  const auto result = shake_hands(accepting.get(), connecting.get());
  EXPECT_EQ(result.done, verdict == std::string("ok")) << result.errors;
  EXPECT_THAT(result.server_verdict, HasSubstr(verdict));
}

TEST_F(TlsTest, AServersCertificateIsNoClients) {
  const auto files = authority_.make("client", "P-256", {.extended_usage = "serverAuth"});
  const Context accepting(mutual({authority_.make("web", "P-256").source()}));
  const SslCtxPtr connecting(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_use_certificate_file(connecting.get(), files.certificates.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_use_PrivateKey_file(connecting.get(), files.key.c_str(), SSL_FILETYPE_PEM);
  const auto result = shake_hands(accepting.get(), connecting.get());
  EXPECT_FALSE(result.done);
  EXPECT_THAT(result.server_verdict, HasSubstr("purpose"));
}

TEST_F(TlsTest, ClientsNeedACertificateOnlyWhereItIsRequired) {
  const auto web = authority_.make("web", "P-256");
  auto optional = mutual({web.source()});
  optional.client_certificate = ClientCertificate::optional;
  const Context connecting(client());
  EXPECT_TRUE(shake_hands(Context(optional).get(), connecting.get()).done);
  EXPECT_FALSE(shake_hands(Context(mutual({web.source()})).get(), connecting.get()).done);
}

TEST_F(TlsTest, TheApplicationsVerifyCallbackHasItsSay) {
  const Context accepting(server({authority_.make("web", "P-256").source()})), connecting(client());
  static SSL* seen;
  seen = nullptr;
  SSL* made = nullptr;
  const auto result = shake_hands(accepting.get(), connecting.get(), [&](SSL* connection) {
    made = connection;
    SSL_set_verify(connection, SSL_VERIFY_PEER, [](int, X509_STORE_CTX* judging) {
      seen = static_cast<SSL*>(
          X509_STORE_CTX_get_ex_data(judging, SSL_get_ex_data_X509_STORE_CTX_idx()));
      X509_STORE_CTX_set_error(judging, X509_V_ERR_APPLICATION_VERIFICATION);
      return 0;
    });
  });
  EXPECT_FALSE(result.done);
  EXPECT_EQ(seen, made);
  EXPECT_THAT(result.client_verdict, HasSubstr("application verification"));
}

// --- revocation

class TlsRevocation : public TlsTest {
 protected:
  std::string verdict(Revocation revocation, NoStatus no_status, std::vector<std::string> crls) {
    auto options = client();
    options.revocation = revocation;
    options.no_status = no_status;
    options.crls = std::move(crls);
    const Context connecting(options);
    EXPECT_TRUE(connecting.configured) << connecting.configured.error().message;
    const auto result = shake_hands(accepting_.get(), connecting.get());
    return result.done ? "ok" : result.client_verdict;
  }

  const TestAuthority sub_ = authority_.below("sub");
  const testing::IssuedFiles web_ = sub_.make("web", "P-256");
  const Context accepting_{server({web_.source()})};
};

TEST_F(TlsRevocation, LeavesOnTheListAreRefused) {
  const auto clean = sub_.make_crl({});
  EXPECT_EQ(verdict(Revocation::leaf, NoStatus::refused, {clean}), "ok");
  const auto listed = sub_.make_crl({web_.leaf.get()});
  EXPECT_EQ(verdict(Revocation::none, NoStatus::refused, {listed}), "ok");
  EXPECT_THAT(verdict(Revocation::leaf, NoStatus::refused, {listed}), HasSubstr("revoked"));
  EXPECT_THAT(verdict(Revocation::leaf, NoStatus::accepted, {listed}), HasSubstr("revoked"));
}

TEST_F(TlsRevocation, WithoutAListSoftAcceptsAndHardRefuses) {
  const auto other = authority_.make_crl({});
  EXPECT_EQ(verdict(Revocation::leaf, NoStatus::accepted, {}), "ok");
  EXPECT_THAT(verdict(Revocation::leaf, NoStatus::refused, {other}), HasSubstr("unable to get"));
  EXPECT_THAT(verdict(Revocation::chain, NoStatus::refused, {other}), HasSubstr("unable to get"));
  EXPECT_EQ(verdict(Revocation::chain, NoStatus::refused, {other, sub_.make_crl({})}), "ok");
}

TEST_F(TlsRevocation, AnOldListIsNoneForHardAndStillAListForSoft) {
  const auto old = sub_.make_crl({}, -3600);
  EXPECT_THAT(verdict(Revocation::leaf, NoStatus::refused, {old}), HasSubstr("CRL has expired"));
  EXPECT_EQ(verdict(Revocation::leaf, NoStatus::accepted, {old}), "ok");
  EXPECT_THAT(
      verdict(Revocation::leaf, NoStatus::accepted, {sub_.make_crl({web_.leaf.get()}, -3600)}),
      HasSubstr("revoked"));
}

TEST_F(TlsRevocation, AFileThatIsNoListIsRefused) {
  auto options = client();
  options.crls = {web_.certificates.string()};
  const Context context(options);
  ASSERT_FALSE(context.configured);
  EXPECT_EQ(context.configured.error().code, Errc::malformed);
}

TEST_F(TlsRevocation, AFileWithAListThatCannotBeReadIsRefused) {
  auto options = client();
  options.crls = {sub_.make_crl({})};
  testing::write_text(options.crls.front(),
                      testing::read_text(options.crls.front()) +
                          "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
  const Context context(options);
  ASSERT_FALSE(context.configured);
  EXPECT_EQ(context.configured.error().code, Errc::malformed);
}

// --- what keys can sign

class TlsNarrowing : public TlsTest {
 protected:
  /// With a key that makes these signatures alone.
  openssl::IdentitySource narrow(const testing::IssuedFiles& files,
                                 std::vector<SignatureScheme> schemes) const {
    const auto whole = open(files.certificates.string())
                           .value()
                           .identity_of(open(files.key.string()).value().key().value())
                           .value();
    return {.ready = Identity::create(testing::narrow_key(whole.key(), std::move(schemes)),
                                      whole.leaf(), whole.chain())
                         .value()};
  }
  const testing::IssuedFiles rsa_ = authority_.make("rsa", "RSA", {.subject = "rsa"});
};

using enum SignatureScheme;

TEST_F(TlsNarrowing, AServersKeyWithoutPssServesTls12) {
  const Context accepting(server({narrow(rsa_, {rsa_pkcs1_sha384})}));
  auto options = client("");
  options.any_host = true;
  const auto result = shake_hands(accepting.get(), Context(options).get());
  EXPECT_TRUE(result.done) << result.errors;
  EXPECT_EQ(result.version, TLS1_2_VERSION);
  EXPECT_EQ(result.scheme, "RSA+SHA384");
}

TEST_F(TlsNarrowing, AServersKeySignsWithTheDigestsThatItCan) {
  auto options = client("");
  options.any_host = true;
  const Context connecting(options);
  EXPECT_EQ(
      shake_hands(Context(server({narrow(rsa_, {rsa_pss_rsae_sha512})})).get(), connecting.get())
          .scheme,
      "RSA-PSS+SHA512");
}

TEST_F(TlsNarrowing, AClientsKeyWithoutPssKeepsToTls12) {
  const Context accepting(mutual({authority_.make("web", "P-256").source()}));
  auto options = client();
  options.identities = {narrow(rsa_, {rsa_pkcs1_sha256})};
  const Context connecting(options);
  const auto result = shake_hands(accepting.get(), connecting.get());
  EXPECT_TRUE(result.done) << result.errors;
  EXPECT_EQ(result.version, TLS1_2_VERSION);
  EXPECT_EQ(result.client_shown, "rsa");
}

TEST_F(TlsNarrowing, WhatLeavesNothingIsRefused) {
  auto options = server({narrow(rsa_, {rsa_pkcs1_sha256})});
  options.min_version = ProtocolVersion::tls1_3;
  const Context context(options);
  ASSERT_FALSE(context.configured);
  EXPECT_EQ(context.configured.error().code, Errc::unsupported);
  EXPECT_THAT(context.configured.error().message, HasSubstr("no RSA-PSS signatures"));
}

TEST_F(TlsNarrowing, OldVersionsAndSha1AreNotSpoken) {
  const Context accepting(server({rsa_.source()}));
  EXPECT_EQ(SSL_CTX_get_min_proto_version(accepting.get()), TLS1_2_VERSION);
  const SslCtxPtr connecting(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(connecting.get(), 0);
  SSL_CTX_set_max_proto_version(connecting.get(), TLS1_2_VERSION);
  SSL_CTX_set1_sigalgs_list(connecting.get(), "RSA+SHA1");
  EXPECT_FALSE(shake_hands(accepting.get(), connecting.get()).done);
}

// --- several identities

class TlsChoice : public TlsTest {
 protected:
  testing::IssuedFiles named(const std::string& subject, const std::string& type,
                             const std::string& names) const {
    return authority_.make(subject, type, {.subject = subject, .names = names});
  }
  /// Which certificate a client that asks for `host` is shown; `schemes`: what it takes.
  static std::string shown(const Context& accepting, const std::string& host,
                           const char* schemes = nullptr) {
    EXPECT_TRUE(accepting.configured) << accepting.configured.error().message;
    const SslCtxPtr connecting(SSL_CTX_new(TLS_client_method()));
    if (schemes != nullptr) SSL_CTX_set1_sigalgs_list(connecting.get(), schemes);
    const auto result = shake_hands(accepting.get(), connecting.get(), [&](SSL* connection) {
      if (!host.empty()) SSL_set_tlsext_host_name(connection, host.c_str());
    });
    return result.done ? result.server_shown : result.errors;
  }
};

TEST_F(TlsChoice, TheNameThatIsAskedForDecides) {
  const Context accepting(server({named("first", "P-256", "DNS:first.test").source(),
                                  named("wild", "P-256", "DNS:*.a.test").source(),
                                  named("exact", "P-256", "DNS:b.a.test,DNS:c.test").source()}));
  EXPECT_EQ(shown(accepting, "first.test"), "first");
  EXPECT_EQ(shown(accepting, "b.a.test"), "exact");
  EXPECT_EQ(shown(accepting, "B.A.Test"), "exact");
  EXPECT_EQ(shown(accepting, "x.a.test"), "wild");
  EXPECT_EQ(shown(accepting, "c.test"), "exact");
  EXPECT_EQ(shown(accepting, "x.b.a.test"), "first");
  EXPECT_EQ(shown(accepting, "unknown"), "first");
  EXPECT_EQ(shown(accepting, ""), "first");
}

TEST_F(TlsChoice, KeysOfTwoTypesServeOneName) {
  const Context accepting(server({named("rsa", "RSA", "DNS:a.test").source(),
                                  named("ec", "P-256", "DNS:a.test").source(),
                                  named("other", "ED25519", "DNS:b.test").source()}));
  EXPECT_EQ(shown(accepting, "a.test", "RSA-PSS+SHA256"), "rsa");
  EXPECT_EQ(shown(accepting, "a.test", "ECDSA+SHA256:RSA-PSS+SHA256"), "ec");
  EXPECT_EQ(shown(accepting, "", "ECDSA+SHA256"), "ec");
  EXPECT_EQ(shown(accepting, "b.test"), "other");
  EXPECT_THAT(shown(accepting, "b.test", "RSA-PSS+SHA256"), HasSubstr("handshake failure"));
}

TEST_F(TlsChoice, AClientShowsWhatTheServersIssuersVouchFor) {
  const TestAuthority one(folder_, "one"), two(folder_, "two");
  const auto deep = two.below("two-sub");
  auto options = client();
  options.identities = {one.make("c1", "P-256", {.subject = "c1"}).source(),
                        deep.make("c2", "P-256", {.subject = "c2"}).source()};
  const Context connecting(options);
  for (const auto version : {ProtocolVersion::tls1_2, ProtocolVersion::tls1_3}) {
    auto accepting = mutual({authority_.make("web", "P-256").source()});
    accepting.max_version = version;
    accepting.trust = {one.file()};
    EXPECT_EQ(shake_hands(Context(accepting).get(), connecting.get()).client_shown, "c1");
    accepting.trust = {two.file()};
    EXPECT_EQ(shake_hands(Context(accepting).get(), connecting.get()).client_shown, "c2");
  }
}

TEST_F(TlsChoice, MalformedServerNamesAreLeftToOpenssl) {
  const Context accepting(server({named("web", "P-256", "DNS:a.test").source()}));
  EXPECT_EQ(shown(accepting, std::string(255, 'a')), "web");
}

TEST_F(TlsTest, SessionsAreResumed) {
  const auto web = authority_.make("web", "P-256");
  auto options = client();
  options.identities = {authority_.make("client", "P-256").source()};
  const Context accepting(mutual({web.source()})), connecting(options);
  static SSL_SESSION* kept;
  kept = nullptr;
  SSL_CTX_set_session_cache_mode(connecting.get(), SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(connecting.get(), [](SSL*, SSL_SESSION* session) {
    if (kept != nullptr) return 0;
    kept = session;
    return 1;
  });
  SSL_CTX_set_max_proto_version(connecting.get(), TLS1_2_VERSION);
  EXPECT_TRUE(shake_hands(accepting.get(), connecting.get()).done);
  ASSERT_NE(kept, nullptr);
  SSL* second = nullptr;
  const auto result = shake_hands(accepting.get(), connecting.get(), [&](SSL* connection) {
    SSL_set_session(connection, kept);
    SSL_up_ref(connection);
    second = connection;
  });
  EXPECT_TRUE(result.done) << result.errors;
  EXPECT_EQ(SSL_session_reused(second), 1);
  SSL_free(second);
  SSL_SESSION_free(kept);
}

}  // namespace
}  // namespace keystore
