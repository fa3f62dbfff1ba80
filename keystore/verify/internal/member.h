#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "keystore/bytes.h"
#include "keystore/certificate.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::verify {

/// One extension as it stands in the certificate.
struct Extension {
  int nid = NID_undef;
  std::string oid = {};
  bool critical = false;
  BytesView value = {};  ///< content of extnValue; borrowed from the member's X509
};

/// A certificate that may become part of a path, parsed once. Immutable.
class Member {
 public:
  /// Null when OpenSSL cannot parse it. `aux`: OpenSSL's trust settings may follow.
  static std::shared_ptr<const Member> parse(BytesView der, bool aux = false);

  X509* x509() const noexcept { return x509_.get(); }
  /// The certificate alone, without trust settings.
  BytesView der() const noexcept { return der_; }
  const std::vector<Extension>& extensions() const noexcept { return extensions_; }
  const Extension* extension(int nid) const noexcept;
  /// Subject and issuer are the same name.
  bool self_issued() const noexcept { return self_issued_; }
  std::chrono::sys_seconds not_before() const noexcept { return not_before_; }
  std::chrono::sys_seconds not_after() const noexcept { return not_after_; }
  bool valid_at(std::chrono::sys_seconds at) const noexcept {
    return not_before_ <= at && at <= not_after_;
  }
  /// Null when the key cannot be read.
  EVP_PKEY* key() const noexcept { return X509_get0_pubkey(x509_.get()); }
  /// Has settings of its own that trust it for something or refuse it.
  bool has_trust_settings() const noexcept { return trust_settings_; }
  std::string subject() const;

 private:
  X509Ptr x509_;
  Bytes der_;
  std::vector<Extension> extensions_;
  bool self_issued_ = false;
  bool trust_settings_ = false;
  std::chrono::sys_seconds not_before_ = {};
  std::chrono::sys_seconds not_after_ = {};
};

using MemberPtr = std::shared_ptr<const Member>;

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
