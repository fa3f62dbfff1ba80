#include "backends/pem/pkcs7.h"

#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::pem {

Result<std::vector<Bytes>> certificates_in_pkcs7(BytesView octets) {
  const OpensslErrorMark mark;
  const auto* in = octets.data();
  const Pkcs7Ptr pkcs7(d2i_PKCS7(nullptr, &in, static_cast<long>(octets.size())));
  if (pkcs7 == nullptr || !PKCS7_type_is_signed(pkcs7.get()) || pkcs7->d.sign == nullptr) {
    return Failure(error_from_openssl(Errc::malformed, "no SignedData of PKCS#7"));
  }
  std::vector<Bytes> certificates;
  const auto* list = pkcs7->d.sign->cert;
  for (int i = 0; i < sk_X509_num(list); ++i) {
    const auto* x509 = sk_X509_value(list, i);
    Bytes der(static_cast<std::size_t>(i2d_X509(x509, nullptr)));
    auto* out = der.data();
    i2d_X509(x509, &out);
    certificates.push_back(std::move(der));
  }
  return certificates;
}

}  // namespace keystore::pem
