#include <openssl/rand.h>

#include <algorithm>
#include <ctime>
#include <set>

#include "keystore/internal/certificate_parsed.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/verify/internal/fetcher_state.h"
#include "keystore/verify/internal/locations.h"
#include "keystore/verify/internal/ocsp.h"

namespace keystore::verify {
namespace {

using std::chrono::sys_seconds;

/// Adds what is missing to the material of one question.
class Gathering {
 public:
  Gathering(Fetcher::State& state, Material& material, sys_seconds at)
      : state_(state), material_(material), at_(at) {}

  /// Certificates of issuers that the path does not reach; false: there are no more.
  bool add_issuers(const std::vector<Certificate>& path);
  /// What is known of the revocation of the path's certificates.
  void add_revocation(const std::vector<Certificate>& path, CrlCheck check);

 private:
  bool add_issuer_of(const Certificate& subject);
  bool add_ocsp(const Member& subject, const Member& issuer);
  void add_crls(const Member& subject);

  Fetcher::State& state_;
  Material& material_;
  sys_seconds at_;
  std::set<Bytes> asked_ = {};
};

Result<std::vector<Certificate>> certificates_in(BytesView body);
Result<sys_seconds> end_of_crl(BytesView body);

}  // namespace

Result<Verdict> verify(const Certificate& target, const Material& material, const Trust& trust,
                       const VerifyOptions& options, sys_seconds at, Fetcher& fetcher) {
  auto& state = fetcher.state();
  const bool status =
      (state.options.ocsp || state.options.crls) && options.crl_check != CrlCheck::none;
  if (!state.options.issuers && !status) return verify(target, material, trust, options, at);
  state.begin();
  auto all = material;
  Gathering gathering(state, all, at);
  auto path_only = options;
  path_only.crl_check = CrlCheck::none;
  path_only.second_opinion = path_only.strict_second_opinion = false;
  auto verdict = verify(target, all, trust, path_only, at);
  while (state.options.issuers && verdict && !verdict->openssl.accepts &&
         gathering.add_issuers(verdict->path)) {
    verdict = verify(target, all, trust, path_only, at);
  }
  if (!verdict) return verdict;
  if (status && verdict->trusted) gathering.add_revocation(verdict->path, options.crl_check);
  verdict = verify(target, all, trust, options, at);
  if (verdict) verdict->not_fetched = std::move(state.failures);
  return verdict;
}

namespace {

bool Gathering::add_issuers(const std::vector<Certificate>& path) {
  // The last one is where the path ends; but any may lead elsewhere by another issuer.
  for (auto subject = path.rbegin(); subject != path.rend(); ++subject) {
    if (asked_.insert(subject->der()).second && add_issuer_of(*subject)) return true;
  }
  return false;
}

bool Gathering::add_issuer_of(const Certificate& subject) {
  if (subject.self_issued()) return false;
  bool added = false;
  for (const auto& url : issuer_locations(Member(subject))) {
    constexpr auto kept = std::chrono::hours(24);
    const auto* body = state_.get({.url = url}, at_, [&](BytesView got) -> Result<sys_seconds> {
      if (auto found = certificates_in(got); !found) return Failure(found.error());
      return at_ + kept;
    });
    if (body == nullptr) continue;
    auto found = certificates_in(*body);
    if (!found) continue;
    for (auto& certificate : *found) {
      auto& known = material_.intermediates;
      if (std::ranges::find(known, certificate) != known.end()) continue;
      known.push_back(std::move(certificate));
      added = true;
    }
  }
  return added;
}

void Gathering::add_revocation(const std::vector<Certificate>& path, CrlCheck check) {
  const auto issued = path.empty() || check == CrlCheck::none ? 0 : path.size() - 1;
  const auto count = check == CrlCheck::leaf ? std::min<std::size_t>(issued, 1) : issued;
  for (std::size_t i = 0; i < count; ++i) {
    const Member subject(path[i]);
    const Member issuer(path[i + 1]);
    const bool known = state_.options.ocsp && add_ocsp(subject, issuer);
    if (!known && state_.options.crls) add_crls(subject);
  }
}

/// Whether an OCSP response tells the status, of those given or of one that is asked for.
bool Gathering::add_ocsp(const Member& subject, const Member& issuer) {
  const auto tells = [&](const std::vector<Bytes>& responses) {
    return ocsp_status(subject, issuer, parse_ocsp(responses), {}, at_).kind !=
           OcspStatus::Kind::none;
  };
  if (tells(material_.ocsp_responses)) return true;
  Bytes nonce(state_.options.ocsp_nonce ? 16 : 0);
  if (!nonce.empty() && RAND_bytes_ex(private_lib_ctx(), nonce.data(), nonce.size(), 0) != 1) {
    return false;  // a nonce that others know would let old responses pass
  }
  for (const auto& url : ocsp_locations(subject)) {
    const HttpRequest request{.url = url,
                              .content_type = "application/ocsp-request",
                              .body = ocsp_request(subject, issuer, nonce)};
    const auto* body = state_.get(request, at_, [&](BytesView got) -> Result<sys_seconds> {
      const auto end = ocsp_end(subject, issuer, got);
      if (!end) return fail(Errc::malformed, "is no OCSP response about the certificate");
      if (nonce.empty() || has_nonce(got, nonce)) return *end;
      return fail(Errc::malformed, "does not repeat the nonce of the request");
    });
    if (body == nullptr) continue;
    material_.ocsp_responses.push_back(*body);
    if (tells({*body})) return true;
  }
  return false;
}

void Gathering::add_crls(const Member& subject) {
  for (const auto& url : crl_locations(subject)) {
    const auto* body = state_.get({.url = url}, at_, end_of_crl);
    if (body == nullptr) continue;
    for (auto& crl : read_crls(*body)) {
      auto& known = material_.crls;
      if (std::ranges::find(known, crl) == known.end()) known.push_back(std::move(crl));
    }
  }
}

constexpr std::size_t most_certificates = 16;

/// One in DER, several in PEM, or a PKCS#7 bundle (RFC 5280, 4.2.2.1).
Result<std::vector<Certificate>> certificates_in(BytesView body) {
  const OpensslErrorMark mark;
  if (auto found = read_certificates("the answer", body)) {
    if (found->size() > most_certificates)
      found->erase(found->begin() + most_certificates, found->end());
    return found;
  }
  const auto* at = body.data();
  const Pkcs7Ptr bundle(d2i_PKCS7(nullptr, &at, static_cast<long>(body.size())));
  std::vector<Certificate> certificates;
  if (bundle && PKCS7_type_is_signed(bundle.get())) {
    const auto* held = bundle->d.sign->cert;
    for (int i = 0; i < sk_X509_num(held) && certificates.size() < most_certificates; ++i) {
      auto certificate = certificate_of(sk_X509_value(held, i));
      if (certificate) certificates.push_back(*std::move(certificate));
    }
  }
  if (certificates.empty()) return fail(Errc::malformed, "is no certificate");
  return certificates;
}

Result<sys_seconds> end_of_crl(BytesView body) {
  const OpensslErrorMark mark;
  const auto crls = read_crls(body);
  const auto* at = crls.empty() ? nullptr : crls[0].data();
  const X509CrlPtr crl(
      crls.empty() ? nullptr : d2i_X509_CRL(nullptr, &at, static_cast<long>(crls[0].size())));
  std::tm parts = {};
  const auto* next = crl ? X509_CRL_get0_nextUpdate(crl.get()) : nullptr;
  if (!crl) return fail(Errc::malformed, "is no CRL");
  if (next == nullptr || ASN1_TIME_to_tm(next, &parts) != 1) return sys_seconds();
  return sys_seconds(std::chrono::seconds(timegm(&parts)));
}

}  // namespace
}  // namespace keystore::verify
