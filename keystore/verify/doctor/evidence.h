#pragma once

#include <optional>
#include <string>
#include <vector>

#include "keystore/entry.h"
#include "keystore/key.h"
#include "keystore/store.h"
#include "keystore/verify/check.h"

namespace keystore::verify::doctor {

struct FoundCertificate {
  Certificate certificate;
  std::string file = {};  ///< empty: not from a file
  bool ordered = false;   ///< its file is sent as it stands: PEM, but no bag of PKCS#12
};

struct FoundKey {
  Entry entry;
  std::string file = {};                     ///< empty: not from a file
  std::optional<Key> key = {};               ///< empty: it cannot be opened
  std::optional<PublicKey> public_key = {};  ///< where known

  bool is_for(const Certificate& certificate) const;
};

/// What a target shows.
struct Evidence {
  std::vector<FoundCertificate> certificates = {};
  std::vector<FoundKey> keys = {};
  std::vector<Error> unreadable = {};
};

/// Reads everything that `store` holds. May ask for a PIN. Errors: as Store::find_entries.
Result<Evidence> gather(const Store& store);

/// A target on its way to a report.
struct Target {
  TargetReport report = {};
  Evidence evidence = {};
};

}  // namespace keystore::verify::doctor
