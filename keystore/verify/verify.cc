#include "keystore/verify/verify.h"

#include <arpa/inet.h>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/verify/internal/openssl_verdict.h"
#include "keystore/verify/internal/rules.h"
#include "keystore/verify/internal/search.h"

namespace keystore::verify {
namespace {

constexpr unsigned default_depth = 16;

Purpose purpose_of(const VerifyOptions& options);
Result<void> check_options(const VerifyOptions& options);
std::vector<X509CrlPtr> parse_crls(const std::vector<Bytes>& ders);
std::vector<Certificate> certificates_of(const CandidatePath& path);
std::string reason_without_path(const PathSearch& search, const Trust& trust);

}  // namespace

Result<Verdict> verify(const Certificate& target, const Material& material, const Trust& trust,
                       const VerifyOptions& options, std::chrono::sys_seconds at) {
  if (auto good = check_options(options); !good) return Failure(good.error());
  const auto leaf = std::make_shared<const Member>(target);
  Pool intermediates;
  std::vector<MemberPtr> others;
  for (const auto& certificate : material.intermediates) {
    others.push_back(std::make_shared<const Member>(certificate));
    intermediates.add(others.back());
  }
  const auto crls = parse_crls(material.crls);
  const auto purpose = purpose_of(options);
  Verdict verdict;
  bool judged = false;
  PathSearch search(
      {trust.data(), intermediates, at, options.depth ? *options.depth + 1 : default_depth});
  search.run(leaf, [&](const CandidatePath& path) {
    auto answer = ask_openssl(path, others, crls, purpose, options, at);
    const auto refusal =
        answer.verdict.accepts ? refused_by_rules({path, crls, options, purpose, at}) : Refusal();
    const bool trusted = answer.verdict.accepts && !refusal;
    // The first path is the most promising one: its reason is the one to tell.
    if (trusted || !judged) {
      verdict = {.trusted = trusted,
                 .reason = refusal.value_or(answer.verdict.reason),
                 .path = certificates_of(path),
                 .anchored = true,
                 .openssl = std::move(answer.verdict)};
    }
    judged = true;
    // What the trust settings refuse is not to be had by another path.
    return trusted || answer.error == X509_V_ERR_CERT_REJECTED;
  });
  if (!judged) {
    verdict.path = certificates_of(search.stranded());
    verdict.reason = reason_without_path(search, trust);
    verdict.openssl.reason = "not asked: there is no path";
  }
  return verdict;
}

namespace {

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
