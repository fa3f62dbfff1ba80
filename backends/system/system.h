#pragma once

#include <memory>

#include "keystore/backend.h"

namespace keystore::system {

/// The trust anchors of the operating system: `system:`, narrowed by `purpose=` (Purpose) and by
/// `sha256=`, the certificate's fingerprint in hexadecimal. Read anew by each search. On Linux, in
/// this order; what several of them hold is one anchor (TrustAnchor::merge):
///
/// | what                                          | when                                        |
/// | --------------------------------------------- | ------------------------------------------- |
/// | $SSL_CERT_FILE, $SSL_CERT_DIR                 | set; then the bundle and folder below are   |
/// |                                               | not read (nor these with changed ids)       |
/// | /etc/ssl/certs/ca-certificates.crt, else      | the first that is there                     |
/// | /etc/pki/tls/certs/ca-bundle.crt, else        |                                             |
/// | /etc/ssl/ca-bundle.pem, else /etc/ssl/cert.pem|                                             |
/// | /etc/ssl/certs, names such as 1a2b3c4d.0      | those that are no part of the bundle        |
/// | `trust extract` of p11-kit, and `trust dump`  | its trust module is configured by the site: |
/// | for the times of distrust                     | /etc/pkcs11/modules/p11-kit-trust.module or |
/// |                                               | /etc/pki/ca-trust/source                    |
/// | [system] certdata of the configuration        | given: certdata.txt of NSS                  |
///
/// Errors: invalid_argument (a query attribute that `system:` does not have). A source that cannot
/// be read is among `skipped`.
Result<std::shared_ptr<StoreBackend>> open(const Uri& uri, const OpenContext& context);

}  // namespace keystore::system
