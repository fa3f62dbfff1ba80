#include "keystore/verify/doctor/chain.h"
#include "keystore/verify/doctor/revocation.h"
#include "keystore/verify/doctor/tls_peer.h"
#include "keystore/verify/host_name.h"

namespace keystore::verify::doctor {
namespace {

CheckOptions options_for(const TlsAddress& address, const CheckOptions& options);
const char* usual_port(StartTls protocol);

}  // namespace

void judge_server(TlsAddress address, const CheckOptions& options, const Trust& trust,
                  std::chrono::sys_seconds at, TargetReport& report) {
  if (address.port.empty()) address.port = usual_port(options.starttls);
  auto host = ascii_host(address.host);
  if (!host) {
    report.error = host.error();
    return;
  }
  address.host = *std::move(host);
  const auto wanted = options_for(address, options);
  const auto peer = ask_peer(address, wanted.verify.host, wanted);
  if (!peer) {
    report.error = peer.error();
    return;
  }
  // A server that lets nobody in without a certificate has shown its own all the same.
  if (!peer->wants_certificate || !options.identity.empty()) report.error = peer->refusal;
  if (peer->certificates.empty()) return;
  const auto& certificate = peer->certificates.front();
  const Leaf leaf{certificate, std::make_shared<const Member>(certificate)};
  const Case server{.options = wanted, .trust = trust, .at = at};
  const std::vector<Certificate> others(peer->certificates.begin() + 1, peer->certificates.end());
  const auto path = judge_path(leaf, others, Source::server, server, report);
  judge_revocation(leaf, path.empty() ? others : path, peer->stapled, server, report);
  judge_stapling(leaf, peer->stapled, report);
  judge_order(certificate, peer->certificates, "what the server sends",
              {"send the leaf first, then its issuers, each behind the one that it certified, and "
               "nothing else"},
              report);
  judge_key_ids(peer->certificates, report);
}

namespace {

/// A server is a server, and has the name that it is called by.
CheckOptions options_for(const TlsAddress& address, const CheckOptions& options) {
  auto wanted = options;
  auto& verify = wanted.verify;
  if (!verify.purpose) verify.purpose = Purpose::server;
  if (!verify.host.empty() || !verify.ip.empty()) return wanted;
  (address.is_numeric() ? verify.ip : verify.host) = address.host;
  return wanted;
}

const char* usual_port(StartTls protocol) {
  switch (protocol) {
    case StartTls::none:
      return "443";
    case StartTls::smtp:
      return "25";
    case StartTls::imap:
      return "143";
    case StartTls::postgres:
      return "5432";
  }
  return "443";
}

}  // namespace
}  // namespace keystore::verify::doctor
