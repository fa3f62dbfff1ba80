// Contexts set up by configure() against programs that know nothing of us: curl, openssl s_client
// and openssl s_server.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <regex>
#include <thread>

#include "keystore/internal/fd.h"
#include "keystore/store.h"
#include "tests/bindings/openssl/narrow_key.h"
#include "tests/bindings/openssl/test_authority.h"
#include "tests/bindings/openssl/tls_handshake.h"
#include "tests/support/process.h"
#include "tests/support/server.h"

namespace keystore {
namespace {

using openssl::ClientCertificate;
using openssl::ProtocolVersion;
using openssl::Role;
using openssl::TlsOptions;
using ::testing::HasSubstr;

using testing::Context;
using testing::TestAuthority;
using testing::Workspace;

sockaddr_in loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Serves one connection after the other until it goes; each gets a line that names the client.
class Listener {
 public:
  explicit Listener(const Context& context)
      : context_(context), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (!context.configured) throw std::runtime_error(context.configured.error().message);
    auto address = loopback(0);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (bind(socket_.get(), any, size) != 0 || listen(socket_.get(), 16) != 0 ||
        getsockname(socket_.get(), any, &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~Listener() {
    thread_.request_stop();
    ::shutdown(socket_.get(), SHUT_RDWR);
  }
  std::string port() const { return std::to_string(port_); }
  std::string place() const { return "127.0.0.1:" + port(); }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const Fd accepted(accept(socket_.get(), nullptr, nullptr));
      if (!accepted) continue;
      const timeval patience = {.tv_sec = 20, .tv_usec = 0};
      setsockopt(accepted.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
      const SslPtr connection(SSL_new(context_.get()));
      SSL_set_fd(connection.get(), accepted.get());
      char request[4096];
      if (SSL_accept(connection.get()) != 1) {
        let_alert_arrive(accepted.get());
        continue;
      }
      if (SSL_read(connection.get(), request, sizeof(request)) <= 0) continue;
      const auto text = "HTTP/1.0 200 OK\r\n\r\nclient=" +
                        testing::common_name(SSL_get0_peer_certificate(connection.get())) + "\n";
      SSL_write(connection.get(), text.data(), static_cast<int>(text.size()));
      SSL_shutdown(connection.get());
    }
  }

  // Closing with something unread resets the connection, which may overtake the alert.
  static void let_alert_arrive(int connection) {
    ::shutdown(connection, SHUT_WR);
    char ignored[4096];
    while (read(connection, ignored, sizeof(ignored)) > 0) {
    }
  }

  const Context& context_;
  Fd socket_;
  int port_ = 0;
  std::jthread thread_;
};

class TlsPrograms : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto* program : {"openssl", "curl"}) {
      if (!testing::have_program(program)) GTEST_SKIP() << program << " is not installed";
    }
  }

  testing::IssuedFiles named(const std::string& subject, const std::string& type,
                             const std::string& names = "DNS:localhost") const {
    return authority_.make(subject, type, {.subject = subject, .names = names});
  }
  TlsOptions mutual(const testing::IssuedFiles& files) const {
    return {.identities = {files.source()},
            .trust = {authority_.file()},
            .client_certificate = ClientCertificate::required};
  }

  std::string s_client(const Listener& listener, std::vector<std::string> more) const {
    std::vector<std::string> command = {"openssl",        "s_client", "-connect",
                                        listener.place(), "-CAfile",  authority_.file()};
    command.insert(command.end(), more.begin(), more.end());
    const auto outcome = testing::run(command, {.input = "GET /\n"});
    return outcome.out + outcome.err;
  }
  testing::Outcome curl(const Listener& listener, std::vector<std::string> more = {}) const {
    std::vector<std::string> command = {"curl",
                                        "-sS",
                                        "--max-time",
                                        "20",
                                        "--noproxy",
                                        "*",
                                        "--cacert",
                                        authority_.file(),
                                        "https://localhost:" + listener.port() + "/"};
    command.insert(command.end(), more.begin(), more.end());
    return testing::run(command);
  }
  static std::vector<std::string> as(const testing::IssuedFiles& files) {
    return {"--cert", files.certificates.string(), "--key", files.key.string()};
  }

  const Workspace folder_;
  const TestAuthority authority_{folder_, "ca"};
};

TEST_F(TlsPrograms, TheServerNameDecides) {
  const Context context({.identities = {named("first", "P-256").source(),
                                        named("wild", "P-256", "DNS:*.a.test").source(),
                                        named("exact", "RSA", "DNS:b.a.test").source()}});
  const Listener listener(context);
  EXPECT_THAT(s_client(listener, {"-servername", "b.a.test"}), HasSubstr("subject=CN = exact"));
  EXPECT_THAT(s_client(listener, {"-servername", "c.a.test"}), HasSubstr("subject=CN = wild"));
  EXPECT_THAT(s_client(listener, {"-noservername"}), HasSubstr("subject=CN = first"));
  EXPECT_TRUE(curl(listener).ok());
}

TEST_F(TlsPrograms, TwoTypesOfKeysServeOneName) {
  const Context context(
      {.identities = {named("rsa", "RSA").source(), named("ec", "P-384").source()}});
  const Listener listener(context);
  for (const auto* version : {"-tls1_2", "-tls1_3"}) {
    EXPECT_THAT(s_client(listener, {version, "-sigalgs", "RSA-PSS+SHA256"}),
                HasSubstr("Peer signature type: RSA-PSS"));
    EXPECT_THAT(s_client(listener, {version, "-sigalgs", "ECDSA+SHA384:RSA-PSS+SHA256"}),
                HasSubstr("Peer signature type: ECDSA"));
  }
}

TEST_F(TlsPrograms, ClientsAreToldTheIssuers) {
  const Context context(mutual(named("web", "P-256")));
  const Listener listener(context);
  for (const auto* version : {"-tls1_2", "-tls1_3"}) {
    EXPECT_THAT(s_client(listener, {version}),
                HasSubstr("Acceptable client certificate CA names\nCN = ca\n"));
  }
}

TEST_F(TlsPrograms, OnlyGoodClientsAreServed) {
  const auto good = named("good", "P-256"), revoked = named("revoked", "RSA");
  const auto expired = authority_.make("expired", "P-256", {.subject = "expired", .to = -60});
  const auto serving_only =
      authority_.make("serving", "P-256", {.subject = "serving", .extended_usage = "serverAuth"});
  const TestAuthority other(folder_, "other");
  const auto foreign = other.make("foreign", "P-256");
  auto options = mutual(named("web", "P-256"));
  options.revocation = openssl::Revocation::leaf;
  options.crls = {authority_.make_crl({revoked.leaf.get()})};
  const Context context(options);
  const Listener listener(context);
  EXPECT_EQ(curl(listener, as(good)).out, "client=good\n");
  EXPECT_THAT(curl(listener, as(revoked)).err, HasSubstr("certificate revoked"));
  EXPECT_THAT(curl(listener, as(expired)).err, HasSubstr("certificate expired"));
  EXPECT_THAT(curl(listener, as(serving_only)).err, HasSubstr("unsupported certificate"));
  EXPECT_THAT(curl(listener, as(foreign)).err, HasSubstr("unknown ca"));
  EXPECT_THAT(curl(listener).err, HasSubstr("certificate required"));
  EXPECT_EQ(curl(listener, as(good)).out, "client=good\n");
}

TEST_F(TlsPrograms, AKeyWithoutPssServesTls12Alone) {
  const auto files = named("rsa", "RSA");
  const auto key = open(files.key.string()).value().key().value();
  const auto whole = open(files.certificates.string()).value().identity_of(key).value();
  const auto narrow = testing::narrow_key(key, {SignatureScheme::rsa_pkcs1_sha256});
  const Context context(
      {.identities = {{.ready = Identity::create(narrow, whole.leaf(), whole.chain()).value()}}});
  const Listener listener(context);
  EXPECT_TRUE(curl(listener).ok());
  EXPECT_THAT(s_client(listener, {"-tls1_3"}), HasSubstr("alert protocol version"));
  const auto said = s_client(listener, {});
  EXPECT_THAT(said, HasSubstr("Protocol  : TLSv1.2"));
  EXPECT_THAT(said, HasSubstr("Peer signing digest: SHA256\nPeer signature type: RSA\n"));
}

TEST_F(TlsPrograms, ALimitOfVersionsHolds) {
  TlsOptions options{.identities = {named("web", "P-256").source()}};
  options.min_version = ProtocolVersion::tls1_3;
  const Context modern(options);
  EXPECT_THAT(s_client(Listener(modern), {"-tls1_2"}), HasSubstr("alert protocol version"));
  options.min_version = options.max_version = ProtocolVersion::tls1_2;
  const Context old(options);
  EXPECT_THAT(s_client(Listener(old), {"-tls1_3"}), HasSubstr("alert protocol version"));
}

// --- our clients

/// openssl s_server.
class ForeignServer {
 public:
  ForeignServer(const testing::IssuedFiles& files, std::vector<std::string> more)
      : server_([&] {
          std::vector<std::string> command = {"openssl",
                                              "s_server",
                                              "-accept",
                                              "127.0.0.1:0",
                                              "-www",
                                              "-cert",
                                              files.certificates.string(),
                                              "-key",
                                              files.key.string()};
          command.insert(command.end(), more.begin(), more.end());
          return command;
        }()) {
    std::smatch found;
    server_.wait_until([&] {
      const auto said = server_.output();
      if (!std::regex_search(said, found, std::regex("ACCEPT 127\\.0\\.0\\.1:([0-9]+)")))
        return false;
      port_ = std::stoi(found[1]);
      return true;
    });
  }

  struct Answer {
    std::string text = {};
    std::string verdict = {};
  };
  Answer get(const Context& context, const char* host = "localhost") const {
    EXPECT_TRUE(context.configured) << context.configured.error().message;
    const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = loopback(port_);
    EXPECT_EQ(connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
              0);
    const timeval patience = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const SslPtr connection(SSL_new(context.get()));
    EXPECT_TRUE(openssl::set_host(connection.get(), host));
    SSL_set_fd(connection.get(), socket.get());
    Answer answer;
    if (SSL_connect(connection.get()) == 1) {
      SSL_write(connection.get(), "GET / HTTP/1.0\r\n\r\n", 18);
      char part[4096];
      for (int size; (size = SSL_read(connection.get(), part, sizeof(part))) > 0;) {
        answer.text.append(part, static_cast<std::size_t>(size));
      }
    }
    answer.verdict = X509_verify_cert_error_string(SSL_get_verify_result(connection.get()));
    return answer;
  }

 private:
  testing::Server server_;
  int port_ = 0;
};

class TlsClientOfPrograms : public TlsPrograms, public ::testing::WithParamInterface<const char*> {
 protected:
  TlsOptions client() const { return {.role = Role::client, .trust = {authority_.file()}}; }
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsClientOfPrograms, ::testing::Values("-tls1_2", "-tls1_3"));

TEST_P(TlsClientOfPrograms, ShowsTheCertificateThatTheIssuersWant) {
  const TestAuthority one(folder_, "one"), two(folder_, "two");
  auto options = client();
  options.identities = {one.make("c1", "P-256", {.subject = "c1"}).source(),
                        two.below("sub").make("c2", "RSA", {.subject = "c2"}).source()};
  const Context context(options);
  for (const auto& [issuer, shown] : {std::pair{&one, "c1"}, std::pair{&two, "c2"}}) {
    const ForeignServer server(named("web", "P-256"), {GetParam(), "-CAfile", issuer->file(),
                                                       "-Verify", "2", "-verify_return_error"});
    EXPECT_THAT(server.get(context).text, HasSubstr("Subject: CN=" + std::string(shown)));
  }
}

TEST_P(TlsClientOfPrograms, RefusesHostsAuthoritiesAndRevokedCertificates) {
  const auto web = named("web", "P-256", "DNS:localhost,IP:127.0.0.1");
  const ForeignServer server(web, {GetParam()});
  const Context context(client());
  EXPECT_THAT(server.get(context).text, HasSubstr("200 ok"));
  EXPECT_THAT(server.get(context, "127.0.0.1").text, HasSubstr("200 ok"));
  EXPECT_EQ(server.get(context, "other.test").verdict, "hostname mismatch");
  EXPECT_EQ(server.get(context, "127.0.0.2").verdict, "IP address mismatch");
  const TestAuthority other(folder_, "other");
  auto elsewhere = client();
  elsewhere.trust = {other.file()};
  EXPECT_THAT(server.get(Context(elsewhere)).verdict, HasSubstr("unable to get"));
  auto checking = client();
  checking.revocation = openssl::Revocation::leaf;
  checking.crls = {authority_.make_crl({web.leaf.get()})};
  EXPECT_EQ(server.get(Context(checking)).verdict, "certificate revoked");
}

}  // namespace
}  // namespace keystore
