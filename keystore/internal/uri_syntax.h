#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/result.h"
#include "keystore/uri.h"

namespace keystore {

/// Where in a URI an attribute may stand, and which values it takes.
enum class UriPlace { path, query };
enum class UriValueRule { any, number, positive_number, version, object_class };

/// A standard attribute of one scheme. The order of a table is the canonical order.
struct UriAttributeRule {
  std::string_view name;
  UriPlace place;
  UriValueRule value = UriValueRule::any;
};

/// The attributes that `scheme` defines.
std::span<const UriAttributeRule> uri_attribute_rules(std::string_view scheme) noexcept;
/// Whether `scheme` takes attributes outside its table (RFC 7512, 2.3: vendor attributes).
bool uri_takes_vendor_attributes(std::string_view scheme) noexcept;

/// Octets that may stand unescaped: unreserved characters and some others (RFC 3986, 2.2).
bool is_unreserved(char octet) noexcept;
bool stands_in_path_value(char octet) noexcept;   ///< RFC 7512, pk11-pchar
bool stands_in_query_value(char octet) noexcept;  ///< RFC 7512, pk11-qchar
bool stands_in_file_path(char octet) noexcept;    ///< RFC 3986, pchar and "/"
bool stands_in_identity_name(char octet) noexcept;

/// A piece of a URI, and where in the URI it begins.
struct UriPiece {
  std::string_view text;
  std::size_t offset;
  /// What comes after the first `count` octets.
  UriPiece from(std::size_t count) const { return {text.substr(count), offset + count}; }
  UriPiece first(std::size_t count) const { return {text.substr(0, count), offset}; }
};

/// Percent-decodes `piece`. `what` names it in errors. Errors: malformed, with the offset.
Result<std::string> decode_uri_piece(UriPiece piece, bool (*stands)(char), std::string_view what);
/// `text` with everything escaped for which `stands` says no.
std::string escape_uri_text(std::string_view text, bool (*stands)(char));

/// The attributes in `piece`, separated by ';' (path) or '&' (query), checked by the rules of
/// `scheme` and put in canonical order. Errors: malformed, naming the attribute and the offset.
Result<std::vector<UriAttribute>> parse_uri_attributes(UriPiece piece, std::string_view scheme,
                                                       UriPlace place);
/// Orders attributes as the scheme's table does; vendor attributes follow by name.
void order_uri_attributes(std::vector<UriAttribute>& attributes, std::string_view scheme);

/// A malformed URI: what is wrong, and where.
Failure malformed_uri(std::size_t offset, std::string message, std::string hint = {});

}  // namespace keystore
