#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/certificate.h"
#include "keystore/result.h"

namespace keystore {

/// What a certified key is used for (RFC 5280, 4.2.1.12).
enum class Purpose { server, client, email, code, time_stamping, ocsp, any };

/// "server", "client", "email", "code", "timestamp", "ocsp", "any".
KEYSTORE_API std::string_view to_string(Purpose purpose) noexcept;
/// Errors: invalid_argument, listing the names.
KEYSTORE_API Result<Purpose> parse_purpose(std::string_view name);
/// The KeyPurposeId: "1.3.6.1.5.5.7.3.1" for server.
KEYSTORE_API std::string_view oid_of(Purpose purpose) noexcept;

/// A certificate that a store of trust holds, with what the store says of it.
struct KEYSTORE_API TrustAnchor {
  Certificate certificate;
  std::string label = {};  ///< the name its store gives it; else empty
  /// KeyPurposeIds that it is trusted for. Not set: the store does not say, so for all of them;
  /// empty: for none.
  std::optional<std::vector<std::string>> trusted = {};
  std::vector<std::string> rejected = {};  ///< goes before `trusted`
  /// What it issued after that time is not trusted for the purpose (NSS: CKA_NSS_…_DISTRUST_AFTER).
  std::map<Purpose, std::chrono::sys_seconds> distrust_after = {};

  bool trusted_for(Purpose purpose) const;
  /// Rejected for servers, clients, e-mail and code alike: refused wherever it stands in a path.
  bool distrusted() const;
  /// Takes in what another source says of the same certificate: rejection by either holds, it is
  /// trusted for what both allow.
  void merge(const TrustAnchor& other);
};

}  // namespace keystore
