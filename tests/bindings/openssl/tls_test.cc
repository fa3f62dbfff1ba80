// TLS in one process: contexts made from identities, over memory.
#include "bindings/openssl/tls/tls.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/bindings/openssl/file_keys.h"

namespace keystore {
namespace {

using testing::FileKey;
using testing::Workspace;

struct Connection {
  SslPtr server, client;
};

// Both ends over a pair of memory BIOs.
Connection connect(SSL_CTX* server, SSL_CTX* client) {
  Connection made{SslPtr(SSL_new(server)), SslPtr(SSL_new(client))};
  BIO *a = nullptr, *b = nullptr;
  BIO_new_bio_pair(&a, 0, &b, 0);
  SSL_set_bio(made.server.get(), a, a);
  SSL_set_bio(made.client.get(), b, b);
  SSL_set_accept_state(made.server.get());
  SSL_set_connect_state(made.client.get());
  return made;
}

bool shake_hands(const Connection& connection) {
  for (int i = 0; i < 20; ++i) {
    const int client = SSL_do_handshake(connection.client.get());
    const int server = SSL_do_handshake(connection.server.get());
    if (client == 1 && server == 1) return true;
  }
  return false;
}

std::string errors() {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  ERR_print_errors(memory.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

void trust(SSL_CTX* context, const X509Ptr& anchor) {
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), anchor.get());
}

class TlsOfType : public ::testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  Workspace folder_;
};

INSTANTIATE_TEST_SUITE_P(TypesAndVersions, TlsOfType,
                         ::testing::Combine(::testing::Values("RSA", "P-256", "P-384", "ED25519"),
                                            ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION)));

TEST_P(TlsOfType, BothSidesShowTheirKeyAndCheckTheOther) {
  const auto [type, version] = GetParam();
  const FileKey key(folder_, type);
  const auto identity = key.identity();
  // As OpenSSL's own functions: one self-signed certificate is both sides' anchor.
  const auto anchor = X509Ptr([&] {
    const auto* der = identity.leaf().der().data();
    return d2i_X509(nullptr, &der, static_cast<long>(identity.leaf().der().size()));
  }());
  auto server = openssl::server_context(identity);
  auto client = openssl::client_context(identity);
  ASSERT_TRUE(server) << server.error().message;
  ASSERT_TRUE(client) << client.error().message;
  trust(server->get(), anchor);
  trust(client->get(), anchor);
  SSL_CTX_set_verify(server->get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_max_proto_version(client->get(), version);
  const auto connection = connect(server->get(), client->get());
  SSL_set1_host(connection.client.get(), "server.test");
  EXPECT_TRUE(shake_hands(connection)) << errors();
  EXPECT_EQ(SSL_version(connection.client.get()), version);
  EXPECT_EQ(SSL_get_verify_result(connection.client.get()), X509_V_OK);
  EXPECT_EQ(SSL_get_verify_result(connection.server.get()), X509_V_OK);
}

TEST(Tls, ClientRefusesAServerThatNobodyVouchesFor) {
  const Workspace folder;
  const auto identity = FileKey(folder, "P-256").identity();
  const auto server = openssl::server_context(identity);
  const auto client = openssl::client_context(identity);
  ASSERT_TRUE(server && client);
  EXPECT_FALSE(shake_hands(connect(server->get(), client->get())));
  ERR_clear_error();
}

TEST(Tls, RefusesOldVersions) {
  const Workspace folder;
  const auto server = openssl::server_context(FileKey(folder, "P-256").identity());
  ASSERT_TRUE(server);
  EXPECT_EQ(SSL_CTX_get_min_proto_version(server->get()), TLS1_2_VERSION);
}

}  // namespace
}  // namespace keystore
