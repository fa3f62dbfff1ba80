#include "keystore/verify/verify.h"

#include <arpa/inet.h>

#include <algorithm>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/verify/host_name.h"
#include "keystore/verify/internal/ocsp.h"
#include "keystore/verify/internal/openssl_verdict.h"
#include "keystore/verify/internal/rules.h"
#include "keystore/verify/internal/search.h"
#include "keystore/verify/internal/second_opinion.h"

namespace keystore::verify {
namespace {

constexpr unsigned default_depth = 16;

/// What is said of one path.
struct Judgement {
  Verdict verdict = {};
  bool final = false;  ///< no other path is to be looked for
};

/// Judges paths of one question.
struct Judge {
  std::span<const MemberPtr> others;
  std::vector<X509CrlPtr> crls;
  std::vector<OcspBasicPtr> responses;
  const VerifyOptions& options;
  Purpose purpose;
  std::chrono::sys_seconds at;

  Judgement operator()(const CandidatePath& path) const;

 private:
  void hear_botan(const PathQuestion& question, Verdict& verdict) const;
  std::vector<OcspStatus> ocsp_of(const CandidatePath& path) const;
  Revocation revocation_of(const OpensslAnswer& answer, std::span<const OcspStatus> ocsp) const;
};

Purpose purpose_of(const VerifyOptions& options);
Result<void> check_options(const VerifyOptions& options);
std::vector<X509CrlPtr> parse_crls(const std::vector<Bytes>& ders);
std::vector<Certificate> certificates_of(const CandidatePath& path);
std::string reason_without_path(const PathSearch& search, const Trust& trust);

}  // namespace

Result<Verdict> verify(const Certificate& target, const Material& material, const Trust& trust,
                       const VerifyOptions& options, std::chrono::sys_seconds at) {
  if (auto good = check_options(options); !good) return Failure(good.error());
  const auto host = ascii_host(options.host);
  if (!host) return Failure(host.error());
  if (*host != options.host) {
    auto same = options;
    same.host = *host;
    return verify(target, material, trust, same, at);
  }
  const auto leaf = std::make_shared<const Member>(target);
  Pool intermediates;
  std::vector<MemberPtr> others;
  for (const auto& certificate : material.intermediates) {
    others.push_back(std::make_shared<const Member>(certificate));
    intermediates.add(others.back());
  }
  const Judge judge{.others = others,
                    .crls = parse_crls(material.crls),
                    .responses = parse_ocsp(material.ocsp_responses),
                    .options = options,
                    .purpose = purpose_of(options),
                    .at = at};
  Verdict verdict;
  bool judged = false;
  PathSearch search(
      {trust.data(), intermediates, at, options.depth ? *options.depth + 1 : default_depth});
  search.run(leaf, [&](const CandidatePath& path) {
    auto judgement = judge(path);
    const bool trusted = judgement.verdict.trusted;
    // The first path is the most promising one: its reason is the one to tell.
    if (trusted || !judged) verdict = std::move(judgement.verdict);
    judged = true;
    return trusted || judgement.final;
  });
  if (!judged) {
    verdict.path = certificates_of(search.stranded());
    verdict.reason = reason_without_path(search, trust);
    verdict.openssl.reason = "not asked: there is no path";
  }
  return verdict;
}

namespace {

Judgement Judge::operator()(const CandidatePath& path) const {
  const auto ocsp = ocsp_of(path);
  const PathQuestion question{path, others, crls, ocsp, options, purpose, at};
  auto answer = ask_openssl(question);
  const bool no_status = is_status_missing(answer.error);
  const auto refusal = answer.verdict.accepts ? refused_by_rules(question)
                       : no_status            ? revoked_by_ocsp(question)
                                              : Refusal();
  auto reason = refusal.value_or(answer.verdict.reason);
  const auto explained =
      std::ranges::find_if(ocsp, [](const auto& each) { return !each.reason.empty(); });
  if (!refusal && no_status && explained != ocsp.end()) reason += "; " + explained->reason;
  Verdict verdict{.trusted = answer.verdict.accepts && !refusal,
                  .reason = std::move(reason),
                  .path = certificates_of(path),
                  .anchored = true,
                  .openssl = answer.verdict,
                  .revocation = revocation_of(answer, ocsp)};
  if (verdict.trusted) hear_botan(question, verdict);
  // What the trust settings refuse is not to be had by another path.
  return {std::move(verdict), answer.error == X509_V_ERR_CERT_REJECTED};
}

void Judge::hear_botan(const PathQuestion& question, Verdict& verdict) const {
  const bool strict = options.strict_second_opinion;
  if (!options.second_opinion && !strict) return;
  auto answer = ask_botan(question);
  verdict.trusted = !answer.vetoes && (!strict || answer.opinion.verdict == Opinion::agrees);
  if (!verdict.trusted) verdict.reason = "second opinion: " + answer.opinion.reason;
  verdict.botan = std::move(answer.opinion);
}

std::vector<OcspStatus> Judge::ocsp_of(const CandidatePath& path) const {
  std::vector<OcspStatus> statuses;
  for (std::size_t i = 0; !responses.empty() && i + 1 < path.members.size(); ++i) {
    statuses.push_back(ocsp_status(*path.members[i], *path.members[i + 1], responses, crls, at));
  }
  return statuses;
}

Revocation Judge::revocation_of(const OpensslAnswer& answer,
                                std::span<const OcspStatus> ocsp) const {
  const auto revoked = [](const OcspStatus& each) {
    return each.kind == OcspStatus::Kind::revoked;
  };
  if (answer.error == X509_V_ERR_CERT_REVOKED || std::ranges::any_of(ocsp, revoked)) {
    return Revocation::revoked;
  }
  if (options.crl_check == CrlCheck::none) return Revocation::not_asked;
  if (answer.status_missing) return Revocation::unknown;
  return answer.verdict.accepts ? Revocation::good : Revocation::not_asked;
}

Purpose purpose_of(const VerifyOptions& options) {
  if (options.purpose) return *options.purpose;
  if (!options.host.empty() || !options.ip.empty()) return Purpose::server;
  return options.email.empty() ? Purpose::any : Purpose::email;
}

Result<void> check_options(const VerifyOptions& options) {
  for (const auto& policy : options.policies) {
    const Asn1ObjectPtr object(OBJ_txt2obj(policy.c_str(), 1));
    if (!object)
      return fail(Errc::invalid_argument, "'" + policy + "' is not an object identifier");
  }
  if (!options.ip.empty()) {
    unsigned char address[16];
    if (inet_pton(AF_INET, options.ip.c_str(), address) != 1 &&
        inet_pton(AF_INET6, options.ip.c_str(), address) != 1) {
      return fail(Errc::invalid_argument, "'" + options.ip + "' is not an IP address");
    }
  }
  return {};
}

/// The newer of two lists of one issuer has the greater number (RFC 5280, 5.2.3); OpenSSL looks at
/// their times alone and takes the first of those made within one second.
bool is_newer(const X509CrlPtr& one, const X509CrlPtr& other) {
  using NumberPtr = std::unique_ptr<ASN1_INTEGER, FreeWith<ASN1_INTEGER_free>>;
  const auto number_of = [](const X509CrlPtr& crl) {
    return NumberPtr(static_cast<ASN1_INTEGER*>(
        X509_CRL_get_ext_d2i(crl.get(), NID_crl_number, nullptr, nullptr)));
  };
  const auto number = number_of(one);
  const auto other_number = number_of(other);
  if (!number || !other_number) return number != nullptr && !other_number;
  return ASN1_INTEGER_cmp(number.get(), other_number.get()) > 0;
}

std::vector<X509CrlPtr> parse_crls(const std::vector<Bytes>& ders) {
  const OpensslErrorMark mark;
  std::vector<X509CrlPtr> crls;
  for (const auto& der : ders) {
    auto* made = X509_CRL_new_ex(private_lib_ctx(), nullptr);
    const auto* start = der.data();
    const bool read = d2i_X509_CRL(&made, &start, static_cast<long>(der.size())) != nullptr;
    X509CrlPtr crl(made);
    if (read && start == der.data() + der.size()) crls.push_back(std::move(crl));
  }
  std::stable_sort(crls.begin(), crls.end(), is_newer);
  return crls;
}

std::vector<Certificate> certificates_of(const CandidatePath& path) {
  std::vector<Certificate> certificates;
  for (const auto& member : path.members) {
    certificates.push_back(member->certificate());
  }
  return certificates;
}

std::string reason_without_path(const PathSearch& search, const Trust& trust) {
  if (trust.anchor_count() == 0) return "there are no trust anchors";
  if (search.exhausted()) return "no path was found within the bounds of the search";
  const auto& stranded = search.stranded();
  const auto certificates = certificates_of(stranded);
  const auto& last = certificates.back();
  if (last.self_issued()) return "the root '" + last.subject() + "' is not trusted";
  return "there is no trusted certificate of the issuer '" + last.issuer() + "'";
}

}  // namespace
}  // namespace keystore::verify
