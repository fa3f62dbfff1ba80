#pragma once

#include <functional>
#include <vector>

#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/pbe.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pfx {

/// A passphrase at work on one bundle. Programs make different octets of one text; each way is
/// tried until one fits, which is then kept. One thread.
class Unlocker {
 public:
  Unlocker(const Secret& passphrase, WorkBudget budget);

  /// Whether one of them fits the MAC of `pfx`. Errors: as mac_fits().
  Result<bool> fits_mac(PKCS12* pfx, BytesView der);

  /// What `encrypted` holds, once `is_sound` agrees. Errors: pin_incorrect; malformed where the
  /// passphrase has fitted before; unsupported.
  Result<Secret> decrypt(const X509_ALGOR& algorithm, BytesView encrypted,
                         const std::function<bool(BytesView)>& is_sound);
  /// Whether decrypt() has succeeded once.
  bool has_opened() const noexcept { return opened_; }

 private:
  struct Octets {
    Secret text = {};
    bool absent = false;
    PbePassword view() const { return {.text = text.view(), .absent = absent}; }
  };

  Result<Secret> try_all(const X509_ALGOR& algorithm, BytesView encrypted,
                         const std::function<bool(BytesView)>& is_sound);

  std::vector<Octets> for_pkcs12_ = {};  ///< for the key derivation of RFC 7292, appendix B
  std::vector<Octets> for_pbkdf2_ = {};
  bool fitted_ = false;
  bool opened_ = false;
  WorkBudget budget_;
};

}  // namespace keystore::pfx
