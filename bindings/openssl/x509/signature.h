#pragma once

#include "keystore/bytes.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/key.h"
#include "keystore/result.h"

namespace keystore::openssl {

using AlgorithmPtr = std::unique_ptr<X509_ALGOR, FreeWith<X509_ALGOR_free>>;

/// How a key signs requests and certificates.
struct CertificateSignature {
  SignSpec spec = {};
  AlgorithmPtr algorithm = {};  ///< as AlgorithmIdentifier (RFC 5280, 4.1.1.2)
};

/// Errors: unsupported for keys that cannot sign.
Result<CertificateSignature> signature_for(const KeyShape& shape);

/// `to_be_signed` with its algorithm and signature around it: a certificate or request as DER.
/// Errors: as Key::sign_digest.
Result<Bytes> sign_structure(const Key& key, const CertificateSignature& signature,
                             BytesView to_be_signed);

}  // namespace keystore::openssl
