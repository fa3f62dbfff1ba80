#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "keystore/bytes.h"
#include "keystore/internal/pbe.h"
#include "keystore/query.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pfx {

/// One object of a bundle, its encryption taken off.
struct Object {
  EntryKind kind = EntryKind::private_key;  ///< or certificate, secret_key
  std::string label = {};                   ///< friendlyName; empty without
  Bytes id = {};                            ///< localKeyID; empty without
  Secret pkcs8 = {};                        ///< PrivateKeyInfo DER of a private key
  Bytes certificate = {};                   ///< DER
  bool encrypted = false;                   ///< by itself, or as a part of the bundle
  std::string provider = {};                ///< the Windows key provider that the key came from
  std::optional<Error> fault = {};          ///< it is there and cannot be read
};

/// The objects of a PKCS#12 file (RFC 7292), in its order. Revocation lists are left out.
struct Bundle {
  std::vector<Object> objects = {};
  bool holds_more = false;  ///< things that are not kept here: revocation lists, secrets
};

/// Gives the passphrase; called at most once, and only where one is needed.
using PassphraseSource = std::function<Result<Secret>()>;

/// All of the bundle, whose integrity is checked first where it has a check. Errors: malformed;
/// unsupported; pin_incorrect, which is nothing but a passphrase that does not fit; those of `ask`.
Result<Bundle> read_bundle(BytesView der, const PassphraseSource& ask,
                           WorkBudget budget = WorkBudget());

}  // namespace keystore::pfx
