#pragma once

#include <openssl/ocsp.h>

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "keystore/verify/internal/member.h"

namespace keystore::verify {

using OcspResponsePtr = std::unique_ptr<OCSP_RESPONSE, FreeWith<OCSP_RESPONSE_free>>;
using OcspBasicPtr = std::unique_ptr<OCSP_BASICRESP, FreeWith<OCSP_BASICRESP_free>>;
using OcspCertIdPtr = std::unique_ptr<OCSP_CERTID, FreeWith<OCSP_CERTID_free>>;

/// What OCSP responses say of a certificate.
struct OcspStatus {
  enum class Kind { none, good, revoked };
  Kind kind = Kind::none;
  /// revoked: since when and why; none: why a response about it does not count, where there is one.
  std::string reason = {};
};

/// The usable parts of responses; others are left out.
std::vector<OcspBasicPtr> parse_ocsp(const std::vector<Bytes>& ders);

/// The status of `subject` at a time (RFC 6960, 3.2). A response counts when the issuer signed it,
/// or somebody whom the issuer certified for that (4.2.2.2) and has not revoked by one of `crls`
/// (id-pkix-ocsp-nocheck: not looked for), and when it is in force. Revoked by one response is
/// revoked.
OcspStatus ocsp_status(const Member& subject, const Member& issuer,
                       std::span<const OcspBasicPtr> responses, std::span<const X509CrlPtr> crls,
                       std::chrono::sys_seconds at);

/// When what the response says of this certificate ends; empty: it says nothing of it.
std::optional<std::chrono::sys_seconds> ocsp_end(const Member& subject, const Member& issuer,
                                                 BytesView response);

/// An OCSPRequest for one certificate (RFC 6960, 4.1; CertID by SHA-1, as RFC 5019, 2.1.1 wants
/// it); with a nonce unless that is empty. Empty: out of memory.
Bytes ocsp_request(const Member& subject, const Member& issuer, BytesView nonce);
/// Whether the response repeats the nonce.
bool has_nonce(BytesView response, BytesView nonce);

}  // namespace keystore::verify
