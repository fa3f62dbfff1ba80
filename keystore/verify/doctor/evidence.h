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

/// A command that writes a PEM file anew, its leaf first and the chain behind it, with its owner
/// and mode; `arguments` are more for `keystore export`. Empty where that is not to be had by a
/// command: it holds a key that is encrypted, or on a token.
std::string rewrite_command(const std::string& file, const Evidence& evidence,
                            const std::string& arguments = {});

/// Reads everything that `store` holds. May ask for a PIN. Errors: as Store::find_entries.
Result<Evidence> gather(const Store& store);

/// A target on its way to a report.
struct Target {
  TargetReport report = {};
  Evidence evidence = {};
};

}  // namespace keystore::verify::doctor
