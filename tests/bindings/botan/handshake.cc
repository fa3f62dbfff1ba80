#include "tests/bindings/botan/handshake.h"

#include <botan/auto_rng.h>
#include <botan/tls_client.h>
#include <botan/tls_policy.h>
#include <botan/tls_server.h>
#include <botan/tls_session_manager.h>
#include <botan/x509_dn.h>

#include <utility>
#include <vector>

namespace keystore::testing {
namespace {

class Policy final : public Botan::TLS::Policy {
 public:
  explicit Policy(bool client_must_show) : client_must_show_(client_must_show) {}
  bool require_cert_revocation_info() const override { return false; }
  bool require_client_certificate_authentication() const override { return client_must_show_; }

 private:
  bool client_must_show_;
};

/// Puts by what is for the peer and writes down how it goes.
class Witness final : public Botan::TLS::Callbacks {
 public:
  EndOfHandshake end = {};
  std::vector<std::uint8_t> out = {};

  void tls_emit_data(const std::uint8_t data[], std::size_t size) override {
    out.insert(out.end(), data, data + size);
  }
  void tls_record_received(std::uint64_t, const std::uint8_t[], std::size_t) override {}
  void tls_alert(Botan::TLS::Alert alert) override {
    if (alert.is_fatal()) end.alert = alert.type_string();
  }
  bool tls_session_established(const Botan::TLS::Session& session) override {
    end.established = true;
    end.version = session.version().to_string();
    const auto& shown = session.peer_certs();
    if (!shown.empty()) end.shown = shown.front().subject_dn().get_first_attribute("CN");
    return true;
  }

  /// Takes what the peer said; false when there was nothing, or when that was the end.
  bool hear(Botan::TLS::Channel& channel, Witness& peer) {
    const auto said = std::exchange(peer.out, {});
    if (said.empty() || end.thrown) return false;
    try {
      channel.received_data(said);
    } catch (...) {
      end.thrown = std::current_exception();
    }
    return true;
  }
};

}  // namespace

std::string EndOfHandshake::problem() const {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return {};
}

Handshake shake_hands(Botan::Credentials_Manager& server, Botan::Credentials_Manager& client,
                      const HandshakeOptions& options) {
  Botan::AutoSeeded_RNG rng;
  Botan::TLS::Session_Manager_Noop sessions;
  const Policy policy(options.client_must_show);
  Witness ours, theirs;
  Botan::TLS::Server listening(ours, sessions, server, policy, rng);
  Botan::TLS::Client calling(theirs, sessions, client, policy, rng,
                             Botan::TLS::Server_Information(options.host),
                             Botan::TLS::Protocol_Version::TLS_V12);
  bool talking = true;
  while (talking) {
    talking = ours.hear(listening, theirs);
    talking = theirs.hear(calling, ours) || talking;
  }
  return {.client = theirs.end, .server = ours.end};
}

}  // namespace keystore::testing
