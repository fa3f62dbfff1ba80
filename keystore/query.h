#pragma once

#include <optional>
#include <string>
#include <vector>

#include "keystore/bytes.h"
#include "keystore/error.h"
#include "keystore/public_key.h"

namespace keystore {

/// What an entry of a store is.
enum class EntryKind { private_key, public_key, certificate, trust_anchor, secret_key };

/// "private-key", …: as in JSON output.
KEYSTORE_API std::string_view to_string(EntryKind kind) noexcept;

/// What to look for. Every set field must match; an empty Query matches everything. A store that
/// was opened by the URI of an object is already narrowed to it.
struct Query {
  std::optional<EntryKind> kind = {};
  std::optional<std::string> label = {};       ///< exact, UTF-8
  std::optional<Bytes> id = {};                ///< raw bytes
  std::optional<PublicKey> public_key = {};    ///< keys and certificates with this public key
};

/// Found objects, and those present but unreadable: one bad file does not hide the good ones.
template <class T>
struct Listing {
  std::vector<T> items = {};        ///< in the backend's order
  std::vector<Error> skipped = {};  ///< one per object left out, naming it
};

}  // namespace keystore
