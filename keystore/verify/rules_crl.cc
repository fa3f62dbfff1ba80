// Rules about revocation lists.
#include "keystore/verify/internal/rules.h"

namespace keystore::verify {

/// RFC 5280, 5.2.3: a list of version 2 has a number.
Refusal crl_encodings(const PathQuestion& input) {
  if (input.options.crl_check == CrlCheck::none) return {};
  for (const auto& crl : input.crls) {
    const bool version_2 = X509_CRL_get_version(crl.get()) == 1;
    if (version_2 && X509_CRL_get_ext_by_NID(crl.get(), NID_crl_number, -1) < 0) {
      return "a revocation list has no number";
    }
  }
  return {};
}

}  // namespace keystore::verify
