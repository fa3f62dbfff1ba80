#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/result.h"

namespace keystore {

/// One `name=value` of a URI; the value is percent-decoded and may hold any octets.
struct UriAttribute {
  std::string name = {};
  std::string value = {};

  bool operator==(const UriAttribute&) const = default;
};

/// A parsed store or object URI (DESIGN.md, section 3): `file:`, `pfx:`, `system:`, `pkcs11:`
/// (RFC 7512), `keystore:`, or a bare path, which is a `file:`. Immutable.
class KEYSTORE_API Uri {
 public:
  /// Strict. Errors: malformed, naming the attribute and the offset in `text` (0-based, octets);
  /// invalid_argument for a scheme that nobody here knows.
  static Result<Uri> parse(std::string_view text);
  /// The `file:` URI of `path`, which is taken as it is.
  static Uri from_path(std::string_view path);

  /// "file", "pfx", "system", "pkcs11" or "keystore".
  const std::string& scheme() const noexcept { return scheme_; }
  /// The decoded path of `file:` and `pfx:`, the name of `keystore:`; empty otherwise.
  const std::string& path() const noexcept { return path_; }
  /// Path attributes of `pkcs11:`, in canonical order.
  const std::vector<UriAttribute>& path_attributes() const noexcept { return path_attributes_; }
  const std::vector<UriAttribute>& query_attributes() const noexcept { return query_attributes_; }
  /// The decoded value, borrowed from this Uri. `pkcs11:` path: "token", "object", "id", ….
  std::optional<std::string_view> path_attribute(std::string_view name) const noexcept;
  /// "pin-source", "pin-value", "module-path", "module-name"; "index" (of the object in a file).
  std::optional<std::string_view> query_attribute(std::string_view name) const noexcept;

  /// Copies with one attribute set (replaced or added) or left out.
  Uri with_path_attribute(std::string_view name, std::string_view value) const;
  Uri without_path_attribute(std::string_view name) const;
  Uri with_query_attribute(std::string_view name, std::string_view value) const;
  Uri without_query_attribute(std::string_view name) const;

  /// Canonical text: attributes in one order, only what must be escaped is escaped, no
  /// `pin-value` and no `pin-source`. Parsing it gives an equal Uri but for those two.
  std::string canonical() const;
  /// As canonical(), keeping `pin-source`: what a reference PEM holds.
  std::string canonical_with_pin_source() const;

  bool operator==(const Uri&) const = default;

 private:
  std::string scheme_;
  std::string path_;
  std::vector<UriAttribute> path_attributes_;
  std::vector<UriAttribute> query_attributes_;
};

}  // namespace keystore
