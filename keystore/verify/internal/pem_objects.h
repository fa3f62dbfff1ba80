#pragma once

#include <vector>

#include "keystore/bytes.h"

namespace keystore::verify {

struct CertificateObject {
  Bytes der = {};
  bool trust_settings = false;  ///< a TRUSTED CERTIFICATE
};

/// The certificates of a PEM text, or the one DER certificate; not parsed yet.
std::vector<CertificateObject> certificate_objects(BytesView file);
/// The CRLs of a PEM text, or the one DER CRL; not parsed yet.
std::vector<Bytes> crl_objects(BytesView file);

}  // namespace keystore::verify
