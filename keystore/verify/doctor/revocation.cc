#include "keystore/verify/doctor/revocation.h"

#include <fmt/format.h>

#include "keystore/verify/doctor/report.h"
#include "keystore/verify/fetch.h"

namespace keystore::verify::doctor {
namespace {

std::string not_fetched(const Verdict& verdict);
std::string without_repetition(const std::string& reason);

}  // namespace

void judge_revocation(const Leaf& leaf, std::span<const Certificate> issuers, BytesView stapled,
                      const Case& all, TargetReport& report) {
  auto options = all.options.verify;
  if (options.crl_check == CrlCheck::none && stapled.empty()) return;
  const bool whole_chain = options.crl_check == CrlCheck::chain;
  auto material = all.options.material;
  material.intermediates.insert(material.intermediates.end(), issuers.begin(), issuers.end());
  if (!stapled.empty()) material.ocsp_responses.emplace_back(stapled.begin(), stapled.end());
  options.purpose = Purpose::any;
  options.host.clear();
  options.ip.clear();
  options.email.clear();
  options.second_opinion = false;
  Fetcher fetcher(all.options.fetch);
  const auto subject = leaf.certificate.subject();
  for (const auto whose : {CrlCheck::leaf, CrlCheck::chain}) {
    if (whose == CrlCheck::chain && !whole_chain) return;
    options.crl_check = whose;
    const auto verdict = verify(leaf.certificate, material, all.trust, options, all.at, fetcher);
    if (!verdict) {
      report.error = verdict.error();
      return;
    }
    const auto what = whose == CrlCheck::leaf ? fmt::format("the certificate of '{}'", subject)
                                              : fmt::format("an issuer of '{}'", subject);
    if (verdict->revocation == Revocation::revoked) {
      add(report, Code::revoked,
          fmt::format("{} is revoked{}", what, without_repetition(verdict->reason)),
          {"find out why, make a new key if this one may be known, and have a new certificate "
           "issued "
           "(keystore csr)"});
      return;
    }
    if (verdict->revocation == Revocation::unknown) {
      add(report, Code::revocation_unknown,
          fmt::format("whether {} is revoked cannot be told: {}{}", what, verdict->reason,
                      not_fetched(*verdict)),
          {"give a current revocation list (--crl FILE) or have one asked for (--ocsp, "
           "--fetch-crl); "
           "where a list or responder does not answer, tell its authority"},
          whose == CrlCheck::leaf ? Severity::warning : Severity::note);
      return;
    }
  }
}

void judge_stapling(const Leaf& leaf, BytesView stapled, TargetReport& report) {
  if (!stapled.empty() || leaf.member->extension(NID_tlsfeature) == nullptr) return;
  add(report, Code::revocation_unknown,
      fmt::format(
          "the certificate of '{}' demands a stapled OCSP response, and the server sends none",
          leaf.certificate.subject()),
      {"switch OCSP stapling on in the server, and let it reach the responder"}, Severity::error);
}

namespace {

std::string not_fetched(const Verdict& verdict) {
  std::string text;
  for (const auto& error : verdict.not_fetched) text += "; " + error.message;
  return text;
}

/// What OpenSSL calls a certificate on a revocation list says nothing more.
std::string without_repetition(const std::string& reason) {
  const bool bare = reason == X509_verify_cert_error_string(X509_V_ERR_CERT_REVOKED);
  return bare ? " by the revocation list of its issuer" : ": " + reason;
}

}  // namespace
}  // namespace keystore::verify::doctor
