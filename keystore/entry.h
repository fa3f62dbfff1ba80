#pragma once

#include <map>
#include <optional>
#include <string>

#include "keystore/bytes.h"
#include "keystore/certificate.h"
#include "keystore/key_type.h"
#include "keystore/query.h"
#include "keystore/uri.h"

namespace keystore {

/// Where the object is kept. frozen: printed in JSON.
enum class Custody { file, token, system };

/// "file", "token", "system".
KEYSTORE_API std::string_view to_string(Custody custody) noexcept;

/// One object of a store, described without touching secrets.
struct Entry {
  Uri uri;
  EntryKind kind = EntryKind::private_key;
  std::string label = {};
  Bytes id = {};
  Custody custody = Custody::file;
  bool extractable = false;                          ///< private and secret keys
  std::optional<KeyShape> shape = {};                ///< keys, where known
  std::optional<PublicKey> public_key = {};          ///< keys, where there is a public half
  std::optional<Certificate> certificate = {};       ///< certificates and trust anchors
  std::map<std::string, std::string> attributes = {};  ///< more for `show`, by name; no secrets
};

}  // namespace keystore
