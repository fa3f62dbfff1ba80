#include "keystore/verify/doctor/certificates.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "keystore/internal/validity_limit.h"
#include "keystore/verify/doctor/keys.h"
#include "keystore/verify/doctor/report.h"
#include "keystore/verify/internal/rules.h"

namespace keystore::verify::doctor {
namespace {

void judge_period(const Member& member, const Case& all, TargetReport& report);
void judge_signature(const Member& member, TargetReport& report);
void judge_names(const Leaf& leaf, const Case& all, TargetReport& report);
void judge_uses(const Leaf& leaf, const VerifyOptions& options, TargetReport& report);
bool lists_use(const Member& member, Purpose use);
bool names_a_host(const Certificate& certificate);

constexpr auto ask_ca = "have the certificate issued anew";

}  // namespace

std::optional<Purpose> use_of(const Leaf& leaf, const VerifyOptions& options) {
  if (options.purpose) {
    return *options.purpose == Purpose::any ? std::optional<Purpose>() : *options.purpose;
  }
  if (!options.host.empty() || !options.ip.empty()) return Purpose::server;
  if (!options.email.empty()) return Purpose::email;
  if (leaf.member->extension(NID_ext_key_usage) != nullptr) {
    for (const auto use : {Purpose::server, Purpose::client}) {
      if (lists_use(*leaf.member, use)) return use;
    }
  }
  return names_a_host(leaf.certificate) ? std::optional(Purpose::server) : std::nullopt;
}

void judge_leaf(const Leaf& leaf, const Case& all, TargetReport& report) {
  judge_period(*leaf.member, all, report);
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

void judge_length(const Leaf& leaf, bool is_public, TargetReport& report) {
  const auto& certificate = leaf.certificate;
  if (certificate.is_ca() && !names_a_host(certificate)) return;
  const auto days =
      std::chrono::floor<std::chrono::days>(certificate.not_after() - certificate.not_before());
  const auto most = most_days(certificate.not_before());
  if (days.count() <= static_cast<int>(most)) return;
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

void judge_signature(const Member& member, TargetReport& report) {
  int digest = NID_undef;
  X509_get_signature_info(member.x509(), &digest, nullptr, nullptr, nullptr);
  if (digest != NID_md2 && digest != NID_md4 && digest != NID_md5 && digest != NID_sha1) return;
  add(report, Code::cert_weak_signature,
      fmt::format("the certificate of '{}' is signed with {}", member.subject(),
                  OBJ_nid2sn(digest)),
      {std::string(ask_ca) + " by an authority that signs with SHA-256"});
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
        {std::string(ask_ca) + " with the host as an alternative name: keystore csr KEY --san "
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
                   ask_ca, wanted.host.empty() ? "ip" : "dns",
                   wanted.host.empty() ? wanted.ip : wanted.host)});
}

/// How OpenSSL and we call a use.
struct UseRow {
  Purpose use;
  int nid;
  std::uint32_t key_usage;  ///< any of these bits
};

constexpr UseRow uses[] = {
    {Purpose::server, NID_server_auth, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT},
    {Purpose::client, NID_client_auth, KU_DIGITAL_SIGNATURE},
    {Purpose::email, NID_email_protect,
     KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT},
    {Purpose::code, NID_code_sign, KU_DIGITAL_SIGNATURE},
    {Purpose::time_stamping, NID_time_stamp, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION},
    {Purpose::ocsp, NID_OCSP_sign, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION},
};

std::string words(std::uint32_t key_usage) {
  std::vector<std::string_view> bits;
  if ((key_usage & KU_DIGITAL_SIGNATURE) != 0) bits.emplace_back("digitalSignature");
  if ((key_usage & KU_NON_REPUDIATION) != 0) bits.emplace_back("nonRepudiation");
  if ((key_usage & KU_KEY_ENCIPHERMENT) != 0) bits.emplace_back("keyEncipherment");
  if ((key_usage & KU_KEY_AGREEMENT) != 0) bits.emplace_back("keyAgreement");
  return fmt::format("{}", fmt::join(bits, " or "));
}

const UseRow* use_row(Purpose use) {
  for (const auto& row : uses) {
    if (row.use == use) return &row;
  }
  return nullptr;
}

void judge_uses(const Leaf& leaf, const VerifyOptions& options, TargetReport& report) {
  const auto use = use_of(leaf, options);
  const auto* row = use ? use_row(*use) : nullptr;
  if (row == nullptr) return;
  const auto subject = leaf.certificate.subject();
  if (!lists_use(*leaf.member, *use)) {
    add(report, Code::cert_purpose,
        fmt::format("the extended key usage of '{}' does not list {}", subject,
                    OBJ_nid2ln(row->nid)),
        {fmt::format("{} with the extended key usage {}", ask_ca, OBJ_nid2sn(row->nid))});
  }
  auto* x509 = leaf.member->x509();
  auto needed = row->key_usage;
  const bool rsa = EVP_PKEY_is_a(leaf.member->key(), "RSA") != 0;
  if (*use == Purpose::server && !rsa) needed = KU_DIGITAL_SIGNATURE;
  const auto allowed = X509_get_key_usage(x509);
  if ((allowed & needed) == 0) {
    add(report, Code::cert_key_usage,
        fmt::format("the key usage of '{}' does not allow {}", subject, words(needed)),
        {fmt::format("{} with the key usage {}", ask_ca, words(needed))});
  } else if (*use == Purpose::server && (allowed & KU_DIGITAL_SIGNATURE) == 0) {
    add(report, Code::cert_key_usage,
        fmt::format("the key usage of '{}' does not allow digitalSignature, which TLS 1.3 needs",
                    subject),
        {fmt::format("{} with the key usage digitalSignature", ask_ca)}, Severity::warning);
  }
}

/// True too where the certificate lists no uses at all, which allows every one.
bool lists_use(const Member& member, Purpose use) {
  using UsesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, FreeWith<EXTENDED_KEY_USAGE_free>>;
  if (member.extension(NID_ext_key_usage) == nullptr) return true;
  const auto* row = use_row(use);
  const UsesPtr listed(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(member.x509(), NID_ext_key_usage, nullptr, nullptr)));
  for (int i = 0; i < sk_ASN1_OBJECT_num(listed.get()); ++i) {
    const int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(listed.get(), i));
    if (nid == NID_anyExtendedKeyUsage || (row != nullptr && nid == row->nid)) return true;
  }
  return false;
}

bool names_a_host(const Certificate& certificate) {
  for (const auto& name : certificate.names()) {
    if (name.starts_with("dns:") || name.starts_with("ip:")) return true;
  }
  return false;
}

}  // namespace
}  // namespace keystore::verify::doctor
