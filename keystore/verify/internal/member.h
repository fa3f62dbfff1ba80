#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "keystore/bytes.h"
#include "keystore/certificate.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/trust.h"
#include "keystore/verify/internal/extension.h"

namespace keystore::verify {

/// A certificate that may become part of a path. Immutable.
class Member {
 public:
  explicit Member(const Certificate& certificate) : Member(TrustAnchor{certificate}) {}
  /// With the settings in the form that OpenSSL has for them.
  explicit Member(TrustAnchor anchor);

  const Certificate& certificate() const noexcept { return anchor_.certificate; }
  /// What the store of trust says of it; nothing where it comes from elsewhere.
  const TrustAnchor& settings() const noexcept { return anchor_; }
  X509* x509() const noexcept { return x509_.get(); }
  const Bytes& der() const noexcept { return certificate().der(); }
  const std::vector<Extension>& extensions() const noexcept { return extensions_; }
  const Extension* extension(int nid) const noexcept;
  /// What an extension holds, in the type that OpenSSL has for it; null where it is not there,
  /// there twice or malformed.
  template <class T>
  const T* value_of(int nid) const noexcept {
    return static_cast<const T*>(decoded(nid));
  }
  /// Subject and issuer are the same name.
  bool self_issued() const noexcept { return self_issued_; }
  bool valid_at(std::chrono::sys_seconds at) const noexcept {
    return certificate().not_before() <= at && at <= certificate().not_after();
  }
  /// Null when the key cannot be read.
  EVP_PKEY* key() const noexcept { return X509_get0_pubkey(x509_.get()); }
  /// Has settings of its own that trust it for something or refuse it.
  bool has_trust_settings() const noexcept { return anchor_.trusted || !anchor_.rejected.empty(); }
  const std::string& subject() const noexcept { return certificate().subject(); }

 private:
  const void* decoded(int nid) const noexcept;

  TrustAnchor anchor_;
  X509Ptr x509_;
  std::vector<Extension> extensions_;
  bool self_issued_ = false;
};

using MemberPtr = std::shared_ptr<const Member>;

/// "2.5.29.17".
std::string oid_text(const ASN1_OBJECT* object);
/// The same name and the same public key.
bool same_entity(const Member& a, const Member& b);

/// A path under examination, target first, anchor last.
struct CandidatePath {
  std::vector<MemberPtr> members = {};
  std::vector<bool> from_trust = {};  ///< one for each member

  const Member& target() const { return *members.front(); }
  const Member& anchor() const { return *members.back(); }
};

}  // namespace keystore::verify
