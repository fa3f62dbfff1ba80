#include "keystore/verify/doctor/certificates.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "keystore/internal/validity_limit.h"
#include "keystore/verify/doctor/keys.h"
#include "keystore/verify/doctor/report.h"
#include "keystore/verify/doctor/uses.h"
#include "keystore/verify/internal/rules.h"

namespace keystore::verify::doctor {
namespace {

void judge_period(const Member& member, const Case& all, TargetReport& report);
void judge_length(const Leaf& leaf, TargetReport& report);
void judge_signature(const Member& member, TargetReport& report);
bool says_public(const Member& member);
void judge_names(const Leaf& leaf, const Case& all, TargetReport& report);

}  // namespace

void judge_leaf(const Leaf& leaf, const Case& all, TargetReport& report) {
  judge_period(*leaf.member, all, report);
  judge_length(leaf, report);
  judge_names(leaf, all, report);
  judge_uses(leaf, all.options.verify, report);
  // What signed itself proves nothing by its signature.
  if (!leaf.certificate.self_issued()) judge_signature(*leaf.member, report);
  if (const auto key = leaf.certificate.public_key()) {
    judge_strength(*key, "the key of '" + leaf.certificate.subject() + "'", report);
  }
}

void judge_issuer(const Member& issuer, std::optional<Purpose> use, const Case& all,
                  TargetReport& report) {
  judge_period(issuer, all, report);
  if (use && !lists_use(issuer, *use)) {
    add(report, Code::cert_purpose,
        fmt::format("the authority '{}' may not certify what '{}' is for: its extended key usage "
                    "does not list it",
                    issuer.subject(), to_string(*use)),
        {"have the leaf certified by an authority that may"});
  }
  if ((X509_get_key_usage(issuer.x509()) & KU_KEY_CERT_SIGN) == 0) {
    add(report, Code::cert_key_usage,
        fmt::format("the key usage of '{}' does not allow keyCertSign", issuer.subject()),
        {"have the leaf certified by an authority that may certify"});
  }
  judge_signature(issuer, report);
  if (const auto key = issuer.certificate().public_key()) {
    judge_strength(*key, "the key of '" + issuer.subject() + "'", report);
  }
}

namespace {

void judge_period(const Member& member, const Case& all, TargetReport& report) {
  using namespace std::chrono;
  const auto subject = member.subject();
  if (all.at > member.certificate().not_after()) {
    const auto ago = floor<days>(all.at - member.certificate().not_after());
    add(report, Code::cert_expired,
        fmt::format("the certificate of '{}' expired on {}, {} ago", subject,
                    time_text(member.certificate().not_after()), days_text(ago)),
        {"renew it: keystore csr KEY --renew CERTIFICATE writes the request for its authority"});
    return;
  }
  if (all.at < member.certificate().not_before()) {
    add(report, Code::cert_not_yet_valid,
        fmt::format("the certificate of '{}' is not valid before {}", subject,
                    time_text(member.certificate().not_before())),
        {"wait until then, or look whether the clock of this machine is right"});
    return;
  }
  const auto left = ceil<days>(member.certificate().not_after() - all.at);
  if (left >= days(all.options.soon_days)) return;
  add(report, Code::cert_expires_soon,
      fmt::format("the certificate of '{}' expires on {}, in {}", subject,
                  time_text(member.certificate().not_after()), days_text(left)),
      {"renew it: keystore csr KEY --renew CERTIFICATE writes the request for its authority"});
}

void judge_length(const Leaf& leaf, TargetReport& report) {
  const auto& certificate = leaf.certificate;
  if (certificate.is_ca() && !names_a_host(certificate)) return;
  const auto days =
      std::chrono::floor<std::chrono::days>(certificate.not_after() - certificate.not_before());
  const auto most = most_days(certificate.not_before());
  if (days.count() <= static_cast<int>(most)) return;
  const bool is_public = says_public(*leaf.member);
  add(report, Code::cert_too_long,
      fmt::format(
          "the certificate of '{}' is valid for {}, public ones issued on its first day for "
          "{} at most",
          certificate.subject(), days_text(days), most),
      {is_public ? "have it issued for a shorter time"
                 : "nothing, as long as its root is private; renewing often and automatically is "
                   "still safer"},
      is_public ? Severity::error : Severity::note);
}

/// Public authorities put a reserved policy into what they issue (Baseline Requirements, 7.1.6.1),
/// and timestamps of certificate transparency (RFC 6962, 3.3).
bool says_public(const Member& member) {
  using PoliciesPtr = std::unique_ptr<CERTIFICATEPOLICIES, FreeWith<CERTIFICATEPOLICIES_free>>;
  if (member.extension(NID_ct_precert_scts) != nullptr) return true;
  const PoliciesPtr policies(static_cast<CERTIFICATEPOLICIES*>(
      X509_get_ext_d2i(member.x509(), NID_certificate_policies, nullptr, nullptr)));
  for (int i = 0; i < sk_POLICYINFO_num(policies.get()); ++i) {
    std::array<char, 64> oid = {};
    OBJ_obj2txt(oid.data(), oid.size(), sk_POLICYINFO_value(policies.get(), i)->policyid, 1);
    if (std::string_view(oid.data()).starts_with("2.23.140.1.")) return true;
  }
  return false;
}

void judge_signature(const Member& member, TargetReport& report) {
  int digest = NID_undef;
  X509_get_signature_info(member.x509(), &digest, nullptr, nullptr, nullptr);
  if (digest != NID_md2 && digest != NID_md4 && digest != NID_md5 && digest != NID_sha1) return;
  add(report, Code::cert_weak_signature,
      fmt::format("the certificate of '{}' is signed with {}", member.subject(),
                  OBJ_nid2sn(digest)),
      {std::string(have_issued_anew) + " by an authority that signs with SHA-256"});
}

void judge_names(const Leaf& leaf, const Case& all, TargetReport& report) {
  const auto& names = leaf.certificate.names();
  const auto subject = leaf.certificate.subject();
  auto wanted = all.options.verify;
  wanted.email.clear();
  const CandidatePath alone{{leaf.member}, {false}};
  const auto mismatch =
      names_asked_for({.path = alone, .options = wanted, .purpose = Purpose::server, .at = all.at});
  const bool for_server = use_of(leaf, all.options.verify) == Purpose::server;
  const bool says_use = leaf.member->extension(NID_ext_key_usage) != nullptr;
  const bool maybe_server = !says_use && !leaf.certificate.is_ca();
  if (!names_a_host(leaf.certificate) && (for_server || maybe_server)) {
    add(report, Code::cert_no_san,
        fmt::format("the certificate of '{}' names no host among its alternative names", subject),
        {std::string(have_issued_anew) +
         " with the host as an alternative name: keystore csr KEY --san "
         "dns:HOST writes the request"},
        for_server ? Severity::error : Severity::warning);
  }
  if (!mismatch) return;
  add(report, Code::cert_host_mismatch,
      fmt::format("the certificate of '{}' is not for {}, but for {}", subject,
                  wanted.host.empty() ? wanted.ip : wanted.host,
                  names.empty() ? "no name at all" : fmt::format("{}", fmt::join(names, ", "))),
      {fmt::format("connect by a name of the certificate, or {} with that name (keystore csr KEY "
                   "--san {}:{})",
                   have_issued_anew, wanted.host.empty() ? "ip" : "dns",
                   wanted.host.empty() ? wanted.ip : wanted.host)});
}

}  // namespace
}  // namespace keystore::verify::doctor
