#include <botan/auto_rng.h>
#include <botan/ecdsa.h>
#include <botan/pubkey.h>
#include <botan/tls_client.h>
#include <botan/tls_policy.h>
#include <botan/tls_server.h>
#include <botan/tls_session_manager.h>
#include <botan/x509self.h>

#include "bindings/botan/botan.h"
#include "tests/bench/bare_botan_key.h"
#include "tests/bench/contenders.h"
#include "tests/bench/sections.h"

namespace keystore::bench {
namespace {

/// What a handshake may cost over one with a software key and the difference of the signatures.
constexpr double allowed_us = 15;

using KeyPtr = std::shared_ptr<Botan::Private_Key>;
using CredentialsPtr = std::shared_ptr<Botan::Credentials_Manager>;

class Policy final : public Botan::TLS::Policy {
 public:
  bool require_cert_revocation_info() const override { return false; }
};

/// One end, whose words go to the other.
class End final : public Botan::TLS::Callbacks {
 public:
  std::vector<std::uint8_t> out = {};

  void tls_emit_data(const std::uint8_t data[], std::size_t size) override {
    out.insert(out.end(), data, data + size);
  }
  void tls_record_received(std::uint64_t, const std::uint8_t[], std::size_t) override {}
  void tls_alert(Botan::TLS::Alert) override {}
  bool tls_session_established(const Botan::TLS::Session&) override { return true; }
  void tls_verify_cert_chain(const std::vector<Botan::X509_Certificate>&,
                             const std::vector<std::shared_ptr<const Botan::OCSP::Response>>&,
                             const std::vector<Botan::Certificate_Store*>&, Botan::Usage_Type,
                             const std::string&, const Botan::TLS::Policy&) override {}
};

Botan::X509_Certificate certificate_of(const Botan::Private_Key& key) {
  Botan::AutoSeeded_RNG rng;
  return Botan::X509::create_self_signed_cert(Botan::X509_Cert_Options("server.test"), key,
                                              "SHA-256", rng);
}

/// As programs that know Botan alone hold a key.
class OneKey final : public Botan::Credentials_Manager {
 public:
  explicit OneKey(KeyPtr key) : key_(std::move(key)), certificate_(certificate_of(*key_)) {}

  std::vector<Botan::X509_Certificate> find_cert_chain(const std::vector<std::string>& types,
                                                       const std::vector<Botan::X509_DN>&,
                                                       const std::string&,
                                                       const std::string&) override {
    if (types.front() != key_->algo_name()) return {};
    return {certificate_};
  }
  Botan::Private_Key* private_key_for(const Botan::X509_Certificate&, const std::string&,
                                      const std::string&) override {
    return key_.get();
  }

 private:
  KeyPtr key_;
  Botan::X509_Certificate certificate_;
};

/// As programs that use our binding hold the key of `uri`.
CredentialsPtr our_credentials(const std::string& uri) {
  const auto key = botan::value_of(botan::value_of(open(uri)).key());
  const auto certificate = certificate_of(*botan::private_key(key)).BER_encode();
  const auto leaf = botan::value_of(Certificate::parse(certificate));
  return botan::credentials({botan::value_of(Identity::create(key, leaf, {}))});
}

/// A server that shows these and a client that trusts everybody, in one thread.
class Pair {
 public:
  explicit Pair(CredentialsPtr credentials) : credentials_(std::move(credentials)) {}

  void shake_hands() {
    End ours, theirs;
    Botan::TLS::Server server(ours, sessions_, *credentials_, policy_, rng_);
    Botan::Credentials_Manager nobody;
    Botan::TLS::Client client(theirs, sessions_, nobody, policy_, rng_,
                              Botan::TLS::Server_Information("server.test"),
                              Botan::TLS::Protocol_Version::TLS_V12);
    for (int turns = 0; turns < 10; ++turns) {
      server.received_data(std::exchange(theirs.out, {}));
      client.received_data(std::exchange(ours.out, {}));
      if (client.is_active() && server.is_active()) return;
    }
    require(false, "TLS::Client");
  }

 private:
  Botan::AutoSeeded_RNG rng_;
  CredentialsPtr credentials_;
  Botan::TLS::Session_Manager_Noop sessions_;
  Policy policy_;
};

Contender handshakes(std::string name, const CredentialsPtr& credentials) {
  return {std::move(name), [credentials] {
            auto pair = std::make_shared<Pair>(credentials);
            return [pair] { pair->shake_hands(); };
          }};
}

Contender signatures(std::string name, const KeyPtr& key) {
  return {std::move(name), [key] {
            auto rng = std::make_shared<Botan::AutoSeeded_RNG>();
            return [key, rng] {
              Botan::PK_Signer signer(*key, *rng, "EMSA1(SHA-256)", Botan::DER_SEQUENCE);
              signer.sign_message(std::vector<std::uint8_t>(32, 1), *rng);
            };
          }};
}

/// What a handshake may cost where the signatures differ by `difference_us`.
Measured allowed(std::string name, const Measured& software, double difference_us) {
  auto row = software;
  row.name = std::move(name);
  row.over_us = difference_us + allowed_us;
  row.processor_us += row.over_us;
  row.per_second = 1e6 / row.processor_us;
  row.ratio = row.ratio_low = row.ratio_high = software.processor_us / row.processor_us;
  return row;
}

}  // namespace

// A signature costs more in a handshake than in a loop of signatures, which finds all its code and
// tables in the caches; most so where it is not by the library that does the rest. So the
// difference between the signatures is measured in both places.
void measure_botan(const Settings& settings, Report& report) {
  const testing::SoftHsm hsm("bench");
  const auto reference = make_key(hsm, settings.build, ec_subject).string();
  const KeyPtr token = botan::open_private_key(reference);
  Botan::AutoSeeded_RNG rng;
  const KeyPtr software =
      std::make_shared<Botan::ECDSA_PrivateKey>(rng, Botan::EC_Group("secp256r1"));
  const auto bare = bare_botan_key(hsm, ec_subject, *token);

  const auto alone = measure(
      {signatures("file", software), signatures("pkcs11", bare), signatures("token", token)}, 1,
      settings.effort);
  report.add("Botan, P-256 signature", 1, alone);

  auto whole = measure({handshakes("file", std::make_shared<OneKey>(software)),
                        handshakes("pkcs11", std::make_shared<OneKey>(bare)),
                        handshakes("token", our_credentials(reference))},
                       1, settings.effort);
  const auto file = whole.front();
  whole.push_back(allowed("limit, in place", file, whole.at(1).over_us));
  whole.push_back(allowed("limit, in a loop", file, alone.at(1).over_us));
  report.add("Botan, P-256, TLS 1.2", 1, whole);
}

}  // namespace keystore::bench
