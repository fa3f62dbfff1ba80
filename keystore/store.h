#pragma once

// Conventions true of every header here: pointers named in comments may be null and references
// never are; text is UTF-8; keys and certificates are DER unless a name says otherwise; every
// function may be called from any thread unless its comment says otherwise; views are borrowed for
// the call and what is returned is owned by the caller.

#include <memory>
#include <string_view>

#include "keystore/api.h"
#include "keystore/backend.h"
#include "keystore/identity.h"
#include "keystore/key.h"
#include "keystore/query.h"
#include "keystore/uri.h"

namespace keystore {

/// Anything that holds keys or certificates: a file, a folder, a token, the system's trust. Copies
/// share one backend. Any thread.
class KEYSTORE_API Store {
 public:
  /// For the registry: a handle on `backend`, whose keys are checked against `policy`.
  Store(Uri uri, std::shared_ptr<StoreBackend> backend, PolicyConfig policy);

  const Uri& uri() const noexcept { return uri_; }

  /// Every matching object, keys and certificates alike, described. Finding none is an empty
  /// listing. May ask for a PIN where the store hides private keys without one.
  Result<Listing<Entry>> find_entries(const Query& query = {}) const;
  Result<Listing<Certificate>> find_certificates(const Query& query = {}) const;
  /// Keys that may be used; those that policy refuses are among `skipped`.
  Result<Listing<Key>> find_keys(const Query& query = {}) const;

  /// The one key. Errors: not_found; ambiguous, listing the candidates' URIs; refused_by_policy.
  Result<Key> key(const Query& query = {}) const;
  /// The one key with its certificate (same public key, or same id) and the issuers that the
  /// store holds. Errors: as key(); not_found without certificate; key_mismatch.
  Result<Identity> identity(const Query& query = {}) const;
  /// `key`, which may live elsewhere, with its certificate and issuers from this store. Errors: as
  /// identity().
  Result<Identity> identity_of(Key key) const;

  /// Optional abilities; null where the store lacks them. Borrowed from the store.
  const TrustSource* trust() const noexcept { return backend_->trust(); }
  const TrustEditor* trust_editor() const noexcept { return backend_->trust_editor(); }
  Importer* importer() const noexcept { return backend_->importer(); }
  BundleImporter* bundle_importer() const noexcept { return backend_->bundle_importer(); }
  Generator* generator() const noexcept { return backend_->generator(); }
  Remover* remover() const noexcept { return backend_->remover(); }
  KeyWrapper* wrapper() const noexcept { return backend_->wrapper(); }

 private:
  Uri uri_;
  std::shared_ptr<StoreBackend> backend_;
  PolicyConfig policy_;
};

/// Opens what `uri` names with the backends of this build and the process's configuration. Does
/// not look for the objects yet. Errors: malformed or invalid_argument (the URI), unsupported
/// (backend absent, with the reason), refused_by_policy, and the backend's own.
KEYSTORE_API Result<Store> open(std::string_view uri, const OpenOptions& options = {});
KEYSTORE_API Result<Store> open(const Uri& uri, const OpenOptions& options = {});

}  // namespace keystore
