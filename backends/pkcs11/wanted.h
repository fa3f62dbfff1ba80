#pragma once

#include <optional>
#include <string>

#include "backends/pkcs11/cryptoki.h"
#include "backends/pkcs11/template.h"
#include "keystore/query.h"
#include "keystore/result.h"
#include "keystore/uri.h"

namespace keystore::pkcs11 {

/// Which objects of a token are asked for, by the store's URI and a query together.
struct Wanted {
  std::optional<EntryKind> kind = {};
  std::optional<std::string> label = {};
  std::optional<Bytes> id = {};
  std::optional<PublicKey> public_key = {};

  /// Errors: invalid_argument for an object type that is not listed: "data".
  static Result<Wanted> from(const Uri& uri);
  /// Both at once; not set when they contradict each other.
  std::optional<Wanted> and_also(const Query& query) const;
  bool wants(EntryKind other) const { return !kind || *kind == other; }
  /// A search for objects of this class.
  Template as_template(CK_OBJECT_CLASS object_class) const;
  /// A search for objects of every class, whatever kind is wanted: the halves of a key together.
  Template as_template() const;

 private:
  Template narrowed(Template result) const;
};

}  // namespace keystore::pkcs11
