#include "keystore/internal/uri_syntax.h"

#include <fmt/format.h>

#include <array>

namespace keystore {

namespace {

using enum UriPlace;
using enum UriValueRule;

// RFC 7512, 2.3 in the order of its grammar.
constexpr std::array pkcs11_rules = {
    UriAttributeRule{"token", path},
    UriAttributeRule{"manufacturer", path},
    UriAttributeRule{"serial", path},
    UriAttributeRule{"model", path},
    UriAttributeRule{"library-manufacturer", path},
    UriAttributeRule{"library-version", path, version},
    UriAttributeRule{"library-description", path},
    UriAttributeRule{"object", path},
    UriAttributeRule{"type", path, object_class},
    UriAttributeRule{"id", path},
    UriAttributeRule{"slot-description", path},
    UriAttributeRule{"slot-manufacturer", path},
    UriAttributeRule{"slot-id", path, number},
    UriAttributeRule{"pin-source", query},
    UriAttributeRule{"pin-value", query},
    UriAttributeRule{"module-name", query},
    UriAttributeRule{"module-path", query},
};

constexpr std::array file_rules = {
    UriAttributeRule{"pin-source", query},
    UriAttributeRule{"pin-value", query},
    UriAttributeRule{"index", query, positive_number},
};

constexpr std::array system_rules = {UriAttributeRule{"purpose", query},
                                     UriAttributeRule{"sha256", query}};

bool is_one_of(char octet, std::string_view set) { return set.find(octet) != set.npos; }
std::string shown(char octet);
int hex_value(char digit);

}  // namespace

std::span<const UriAttributeRule> uri_attribute_rules(std::string_view scheme) noexcept {
  if (scheme == "pkcs11") return pkcs11_rules;
  if (scheme == "file" || scheme == "pfx") return file_rules;
  if (scheme == "system") return system_rules;
  return {};
}

bool uri_takes_vendor_attributes(std::string_view scheme) noexcept { return scheme == "pkcs11"; }

bool is_unreserved(char octet) noexcept {
  return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
         (octet >= '0' && octet <= '9') || is_one_of(octet, "-._~");
}

bool stands_in_path_value(char octet) noexcept {
  return is_unreserved(octet) || is_one_of(octet, ":[]@!$'()*+,=&");
}

bool stands_in_query_value(char octet) noexcept {
  return is_unreserved(octet) || is_one_of(octet, ":[]@!$'()*+,=/?|");
}

bool stands_in_file_path(char octet) noexcept {
  return is_unreserved(octet) || is_one_of(octet, "/:@!$&'()*+,;=");
}

bool stands_in_identity_name(char octet) noexcept {
  return is_unreserved(octet) || is_one_of(octet, "@+,:");
}

Result<std::string> decode_uri_piece(UriPiece piece, bool (*stands)(char), std::string_view what) {
  std::string decoded;
  decoded.reserve(piece.text.size());
  for (std::size_t i = 0; i < piece.text.size(); ++i) {
    const char octet = piece.text[i];
    if (octet != '%') {
      if (!stands(octet)) {
        return malformed_uri(piece.offset + i,
                             fmt::format("{}: {} must be percent-encoded", what, shown(octet)),
                             fmt::format("write %{:02X}", static_cast<unsigned char>(octet)));
      }
      decoded += octet;
      continue;
    }
    const int high = i + 2 < piece.text.size() ? hex_value(piece.text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(piece.text[i + 2]) : -1;
    if (low < 0) {
      return malformed_uri(piece.offset + i,
                           fmt::format("{}: '%' is not followed by two hexadecimal digits", what),
                           "a percent sign itself is written %25");
    }
    decoded += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return decoded;
}

std::string escape_uri_text(std::string_view text, bool (*stands)(char)) {
  std::string escaped;
  for (const char octet : text) {
    if (stands(octet)) {
      escaped += octet;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(octet));
    }
  }
  return escaped;
}

Failure malformed_uri(std::size_t offset, std::string message, std::string hint) {
  return fail(Errc::malformed, fmt::format("malformed URI at offset {}: {}", offset, message),
              std::move(hint));
}

namespace {

std::string shown(char octet) {
  const auto value = static_cast<unsigned char>(octet);
  if (value == ' ') return "a space";
  return value > ' ' && value < 0x7f ? fmt::format("'{}'", octet)
                                     : fmt::format("octet {:02x}", value);
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

}  // namespace keystore
