#include <algorithm>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/verify/internal/ocsp.h"

namespace keystore::verify {
namespace {

using RequestPtr = std::unique_ptr<OCSP_REQUEST, FreeWith<OCSP_REQUEST_free>>;

}  // namespace

Bytes ocsp_request(const Member& subject, const Member& issuer, BytesView nonce) {
  const OpensslErrorMark mark;
  const RequestPtr request(OCSP_REQUEST_new());
  OcspCertIdPtr id(OCSP_cert_to_id(digest_method(Digest::sha1), subject.x509(), issuer.x509()));
  if (!request || !id || OCSP_request_add0_id(request.get(), id.get()) == nullptr) return {};
  static_cast<void>(id.release());
  // OpenSSL only reads it.
  if (!nonce.empty() &&
      OCSP_request_add1_nonce(request.get(), const_cast<std::uint8_t*>(nonce.data()),
                              static_cast<int>(nonce.size())) != 1) {
    return {};
  }
  std::uint8_t* der = nullptr;
  const int size = i2d_OCSP_REQUEST(request.get(), &der);
  const OpensslMemoryPtr<std::uint8_t> owned(der);
  if (size <= 0) return {};
  return {der, der + size};
}

bool has_nonce(BytesView response, BytesView nonce) {
  const auto basics = parse_ocsp({Bytes(response.begin(), response.end())});
  if (basics.empty()) return false;
  const int at = OCSP_BASICRESP_get_ext_by_NID(basics[0].get(), NID_id_pkix_OCSP_Nonce, -1);
  if (at < 0) return false;
  // The value is an OCTET STRING in an OCTET STRING (RFC 8954, 2.1).
  const auto* value = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basics[0].get(), at));
  const BytesView octets(ASN1_STRING_get0_data(value),
                         static_cast<std::size_t>(ASN1_STRING_length(value)));
  return octets.size() >= nonce.size() && std::ranges::equal(octets.last(nonce.size()), nonce);
}

}  // namespace keystore::verify
