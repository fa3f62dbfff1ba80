#include "keystore/verify/internal/ocsp.h"

#include <algorithm>
#include <ctime>

#include "keystore/internal/certificate_parsed.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/verify/internal/rules.h"

namespace keystore::verify {
namespace {

using std::chrono::sys_seconds;

/// Clocks of responders differ from ours.
constexpr auto tolerance = std::chrono::minutes(5);
/// How long a response counts that does not say when the next one comes.
constexpr auto without_end = std::chrono::hours(24);

struct Validity {
  sys_seconds from = {};
  sys_seconds to = {};
};

OcspBasicPtr basic_of(BytesView der);
OCSP_SINGLERESP* single_of(OCSP_BASICRESP* response, const Member& subject, const Member& issuer);
std::optional<Validity> validity_of(const OCSP_SINGLERESP* single);
std::string not_authorised(const OCSP_BASICRESP* response, const Member& issuer,
                           std::span<const X509CrlPtr> crls, sys_seconds at);
std::string why_revoked(const ASN1_GENERALIZEDTIME* since, int reason);

}  // namespace

std::vector<OcspBasicPtr> parse_ocsp(const std::vector<Bytes>& ders) {
  const OpensslErrorMark mark;
  std::vector<OcspBasicPtr> responses;
  for (const auto& der : ders) {
    if (auto basic = basic_of(der)) responses.push_back(std::move(basic));
  }
  return responses;
}

OcspStatus ocsp_status(const Member& subject, const Member& issuer,
                       std::span<const OcspBasicPtr> responses, std::span<const X509CrlPtr> crls,
                       sys_seconds at) {
  const OpensslErrorMark mark;
  OcspStatus status;
  for (const auto& response : responses) {
    const auto* single = single_of(response.get(), subject, issuer);
    if (single == nullptr) continue;
    const auto validity = validity_of(single);
    if (!validity || at + tolerance < validity->from || validity->to + tolerance < at) {
      if (status.reason.empty()) status.reason = "the OCSP response is not in force";
      continue;
    }
    if (auto fault = not_authorised(response.get(), issuer, crls, at); !fault.empty()) {
      if (status.reason.empty()) status.reason = std::move(fault);
      continue;
    }
    int reason = OCSP_REVOKED_STATUS_NOSTATUS;
    ASN1_GENERALIZEDTIME* since = nullptr;
    // The two reading functions do not take const pointers.
    const int said = OCSP_single_get0_status(const_cast<OCSP_SINGLERESP*>(single), &reason, &since,
                                             nullptr, nullptr);
    if (said == V_OCSP_CERTSTATUS_REVOKED) {
      return {OcspStatus::Kind::revoked, why_revoked(since, reason)};
    }
    if (said == V_OCSP_CERTSTATUS_GOOD) status = {OcspStatus::Kind::good, {}};
    if (said == V_OCSP_CERTSTATUS_UNKNOWN && status.kind == OcspStatus::Kind::none) {
      status.reason = "the OCSP responder does not know the certificate";
    }
  }
  return status;
}

std::optional<sys_seconds> ocsp_end(const Member& subject, const Member& issuer,
                                    BytesView response) {
  const OpensslErrorMark mark;
  const auto basic = basic_of(response);
  const auto* single = basic ? single_of(basic.get(), subject, issuer) : nullptr;
  const auto validity = single != nullptr ? validity_of(single) : std::nullopt;
  if (!validity) return {};
  return validity->to;
}

Refusal revoked_by_ocsp(const PathQuestion& input) {
  for (std::size_t at = 0; at < input.ocsp.size(); ++at) {
    if (input.ocsp[at].kind != OcspStatus::Kind::revoked) continue;
    return "'" + input.path.members[at]->subject() + "' " + input.ocsp[at].reason;
  }
  return {};
}

namespace {

OcspBasicPtr basic_of(BytesView der) {
  const auto* at = der.data();
  const OcspResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  if (!response || at != der.data() + der.size()) return nullptr;
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) return nullptr;
  return OcspBasicPtr(OCSP_response_get1_basic(response.get()));
}

Digest digest_of(const OCSP_CERTID* id) {
  ASN1_OBJECT* algorithm = nullptr;
  OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, const_cast<OCSP_CERTID*>(id));
  switch (OBJ_obj2nid(algorithm)) {
    case NID_sha1:
      return Digest::sha1;
    case NID_sha256:
      return Digest::sha256;
    case NID_sha384:
      return Digest::sha384;
    case NID_sha512:
      return Digest::sha512;
    default:
      return Digest::none;
  }
}

OCSP_SINGLERESP* single_of(OCSP_BASICRESP* response, const Member& subject, const Member& issuer) {
  for (int i = 0; i < OCSP_resp_count(response); ++i) {
    auto* single = OCSP_resp_get0(response, i);
    const auto* id = OCSP_SINGLERESP_get0_id(single);
    const auto digest = digest_of(id);
    if (digest == Digest::none) continue;
    const OcspCertIdPtr wanted(
        OCSP_cert_to_id(digest_method(digest), subject.x509(), issuer.x509()));
    if (wanted && OCSP_id_cmp(wanted.get(), id) == 0) return single;
  }
  return nullptr;
}

std::optional<sys_seconds> time_of(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return sys_seconds(std::chrono::seconds(timegm(&parts)));
}

std::optional<Validity> validity_of(const OCSP_SINGLERESP* single) {
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* to = nullptr;
  OCSP_single_get0_status(const_cast<OCSP_SINGLERESP*>(single), nullptr, nullptr, &from, &to);
  const auto start = time_of(from);
  if (!start) return {};
  if (to == nullptr) return Validity{*start, *start + without_end};
  const auto end = time_of(to);
  if (!end || *end < *start) return {};
  return Validity{*start, *end};
}

/// Whether the responder's identifier is of this certificate (RFC 6960, 4.2.1).
bool is_responder(const OCSP_BASICRESP* response, const X509* x509) {
  const ASN1_OCTET_STRING* key_hash = nullptr;
  const X509_NAME* name = nullptr;
  if (OCSP_resp_get0_id(response, &key_hash, &name) != 1) return false;
  if (name != nullptr) return X509_NAME_cmp(name, X509_get_subject_name(x509)) == 0;
  const auto* key = X509_get0_pubkey_bitstr(x509);
  if (key_hash == nullptr || key == nullptr) return false;
  const auto hashed = hash(Digest::sha1, {ASN1_STRING_get0_data(key),
                                          static_cast<std::size_t>(ASN1_STRING_length(key))});
  return std::equal(hashed.begin(), hashed.end(), ASN1_STRING_get0_data(key_hash),
                    ASN1_STRING_get0_data(key_hash) + ASN1_STRING_length(key_hash));
}

bool is_signed_by(const OCSP_BASICRESP* response, EVP_PKEY* key, sys_seconds at) {
  const auto* algorithm = OCSP_resp_get0_tbs_sigalg(response);
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  int digest = NID_undef;
  OBJ_find_sigid_algs(OBJ_obj2nid(object), &digest, nullptr);
  if (key == nullptr || is_weak_hash(digest, at)) return false;
  return ASN1_item_verify_ex(ASN1_ITEM_rptr(OCSP_RESPDATA), algorithm,
                             OCSP_resp_get0_signature(response), OCSP_resp_get0_respdata(response),
                             nullptr, key, private_lib_ctx(), nullptr) == 1;
}

bool is_revoked(const X509* delegate, const Member& issuer, std::span<const X509CrlPtr> crls) {
  return std::ranges::any_of(crls, [&](const X509CrlPtr& crl) {
    X509_REVOKED* entry = nullptr;
    return X509_NAME_cmp(X509_CRL_get_issuer(crl.get()), X509_get_subject_name(issuer.x509())) ==
               0 &&
           X509_CRL_get0_by_cert(crl.get(), &entry, const_cast<X509*>(delegate)) == 1 &&
           X509_CRL_verify(crl.get(), issuer.key()) == 1;
  });
}

/// Why the issuer did not let this certificate answer for it; empty: it did.
std::string not_delegated(X509* delegate, const Member& issuer, std::span<const X509CrlPtr> crls,
                          sys_seconds at) {
  const auto time = std::chrono::system_clock::to_time_t(at);
  if (X509_NAME_cmp(X509_get_issuer_name(delegate), X509_get_subject_name(issuer.x509())) != 0 ||
      issuer.key() == nullptr || X509_verify(delegate, issuer.key()) != 1) {
    return "the certificate's issuer did not certify the OCSP responder";
  }
  if (X509_cmp_time(X509_get0_notBefore(delegate), const_cast<time_t*>(&time)) > 0 ||
      X509_cmp_time(X509_get0_notAfter(delegate), const_cast<time_t*>(&time)) < 0) {
    return "the OCSP responder's certificate is not valid at that time";
  }
  if ((X509_get_extension_flags(delegate) & EXFLAG_XKUSAGE) == 0 ||
      (X509_get_extended_key_usage(delegate) & XKU_OCSP_SIGN) == 0 ||
      (X509_get_key_usage(delegate) & KU_DIGITAL_SIGNATURE) == 0) {
    return "the OCSP responder's certificate is not for signing OCSP responses";
  }
  if (X509_get_ext_by_NID(delegate, NID_id_pkix_OCSP_noCheck, -1) < 0 &&
      is_revoked(delegate, issuer, crls)) {
    return "the OCSP responder's certificate is revoked";
  }
  return {};
}

std::string not_authorised(const OCSP_BASICRESP* response, const Member& issuer,
                           std::span<const X509CrlPtr> crls, sys_seconds at) {
  if (is_responder(response, issuer.x509()) && is_signed_by(response, issuer.key(), at)) return {};
  std::string fault = "the OCSP response is not signed by somebody whom the issuer allows to";
  const auto* sent = OCSP_resp_get0_certs(response);
  constexpr int most = 8;
  for (int i = 0; i < std::min(sk_X509_num(sent), most); ++i) {
    // Parsed anew, in our library context.
    const auto certificate = certificate_of(sk_X509_value(sent, i));
    const auto x509 = certificate ? x509_of(*certificate) : nullptr;
    if (!x509 || !is_responder(response, x509.get())) continue;
    auto refused = not_delegated(x509.get(), issuer, crls, at);
    if (refused.empty() && is_signed_by(response, X509_get0_pubkey(x509.get()), at)) return {};
    if (!refused.empty()) fault = std::move(refused);
  }
  return fault;
}

std::string why_revoked(const ASN1_GENERALIZEDTIME* since, int reason) {
  std::string text = "is revoked";
  if (const auto time = time_of(since)) {
    const auto seconds = std::chrono::system_clock::to_time_t(*time);
    std::tm parts = {};
    gmtime_r(&seconds, &parts);
    char date[32] = {};
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    text += std::string(" since ") + date;
  }
  if (reason != OCSP_REVOKED_STATUS_NOSTATUS) {
    text += std::string(", ") + OCSP_crl_reason_str(reason);
  }
  return text + " (OCSP)";
}

}  // namespace
}  // namespace keystore::verify
