#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "bindings/openssl/tls/configure.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::openssl {

/// The anchors and CRLs that peers are judged by. Immutable; any thread.
struct PeerTrust {
  X509StorePtr store;
  X509NamesPtr names;  ///< of the anchors, for a server to list; empty with `system:`
  /// Another for other anchors, CRLs or demands: a server resumes sessions in the same one alone.
  Bytes session_context = {};
};

using PeerTrustPtr = std::shared_ptr<const PeerTrust>;

/// Errors: not_found (no anchors in a store), malformed (CRL), as open() and read_file().
Result<PeerTrustPtr> load_trust(const TlsOptions& options);

/// The judgement on a peer's certificate, in place of libssl's own call of X509_verify_cert on
/// `given`: everything about peers is decided here. Returns as X509_verify_cert and leaves error,
/// depth and verified path in `given`.
int verify_peer(X509_STORE_CTX* given, const PeerTrust& trust, const TlsOptions& options);

}  // namespace keystore::openssl
