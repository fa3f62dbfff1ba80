#include <openssl/ssl.h>

#include <algorithm>
#include <stdexcept>

#include "tests/bench/contenders.h"
#include "tests/bench/rivals.h"
#include "tests/bench/sections.h"
#include "tests/support/process.h"

namespace keystore::bench {
namespace {

/// A server with that key and a client that trusts everybody, in one thread.
class Pair {
 public:
  Pair(EVP_PKEY* key, OSSL_LIB_CTX* context)
      : server_(SSL_CTX_new_ex(context, nullptr, TLS_server_method())),
        client_(SSL_CTX_new_ex(context, nullptr, TLS_client_method())) {
    const auto certificate = certificate_for(key, context);
    require(server_ && client_ && SSL_CTX_use_certificate(server_.get(), certificate.get()) == 1 &&
                SSL_CTX_use_PrivateKey(server_.get(), key) == 1,
            "SSL_CTX_use_PrivateKey");
    SSL_CTX_set_num_tickets(server_.get(), 0);
    SSL_CTX_set_session_cache_mode(server_.get(), SSL_SESS_CACHE_OFF);
  }

  void shake_hands() const {
    const SslPtr server(SSL_new(server_.get()));
    const SslPtr client(SSL_new(client_.get()));
    BIO* ours = nullptr;
    BIO* theirs = nullptr;
    require(server && client && BIO_new_bio_pair(&ours, 0, &theirs, 0) == 1, "BIO_new_bio_pair");
    SSL_set_bio(server.get(), ours, ours);
    SSL_set_bio(client.get(), theirs, theirs);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    for (int turns = 0; turns < 10; ++turns) {
      const bool client_done = SSL_do_handshake(client.get()) == 1;
      const bool server_done = SSL_do_handshake(server.get()) == 1;
      if (client_done && server_done) return;
    }
    require(false, "SSL_do_handshake");
  }

 private:
  SslCtxPtr server_;
  SslCtxPtr client_;
};

Contender handshakes(std::string name, EVP_PKEY* key, OSSL_LIB_CTX* context) {
  return {std::move(name), [key, context] {
            auto pair = std::make_shared<Pair>(key, context);
            return [pair] { pair->shake_hands(); };
          }};
}

}  // namespace

void measure_tls(const Settings& settings, Report& report) {
  const testing::SoftHsm hsm("bench");
  const auto plain = application_context();
  const auto ours = keystore_context(settings.build);
  const auto empty = application_context(settings.build / "tests/bench", "keystore-empty-provider");
  const auto token_key = load_pem(make_key(hsm, settings.build, ec_subject), ours.get());
  const auto file = hsm.folder() / "file-key.pem";
  const auto made = testing::run({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                                  "ec_paramgen_curve:P-256", "-out", file});
  if (!made.ok()) throw std::runtime_error(made.text());
  const auto plain_key = load_pem(file, plain.get());
  const auto key_with_ours = load_pem(file, ours.get());
  const auto key_with_empty = load_pem(file, empty.get());
  std::vector contenders = {handshakes("file", plain_key.get(), plain.get()),
                            handshakes("file, empty beside", key_with_empty.get(), empty.get()),
                            handshakes("file, ours beside", key_with_ours.get(), ours.get()),
                            handshakes("token", token_key.get(), ours.get())};
  for (const auto& rival : rival_keys(hsm, ec_subject.label, report)) {
    auto contender = handshakes(rival.name, rival.key, rival.context);
    try {
      contender.worker()();
      contenders.push_back(std::move(contender));
    } catch (const std::exception& problem) {
      report.skip(rival.name, problem.what());
    }
  }
  report.add("P-256, TLS 1.3", 1, measure(contenders, 1, settings.effort));
}

}  // namespace keystore::bench
