#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "keystore/internal/uri_syntax.h"

namespace keystore {

namespace {

Result<UriAttribute> parse_attribute(UriPiece piece, std::string_view scheme, UriPlace place);
Result<void> check_name(UriPiece name, std::string_view scheme, UriPlace place);
Result<void> check_value(const UriAttributeRule& rule, UriPiece value);
bool may_repeat(std::string_view name, std::string_view scheme, UriPlace place);
const UriAttributeRule* find_rule(std::string_view scheme, std::string_view name);
std::size_t rank_of(std::string_view scheme, std::string_view name);
std::optional<std::uint64_t> number_in(std::string_view text);
bool is_version(std::string_view text);
bool is_object_class(std::string_view text);

}  // namespace

Result<std::vector<UriAttribute>> parse_uri_attributes(UriPiece piece, std::string_view scheme,
                                                       UriPlace place) {
  std::vector<UriAttribute> attributes;
  if (piece.text.empty()) return attributes;
  const char separator = place == UriPlace::path ? ';' : '&';
  std::set<std::string, std::less<>> names;
  for (;;) {
    const auto end = std::min(piece.text.find(separator), piece.text.size());
    auto attribute = parse_attribute(piece.first(end), scheme, place);
    if (!attribute) return Failure(attribute.error());
    const auto& name = attribute->name;
    const bool repeated = !names.insert(name).second;
    if (repeated && !may_repeat(name, scheme, place)) {
      return malformed_uri(piece.offset, fmt::format("attribute '{}' is given twice", name));
    }
    attributes.push_back(std::move(*attribute));
    if (end == piece.text.size()) break;
    piece = piece.from(end + 1);
  }
  order_uri_attributes(attributes, scheme);
  return attributes;
}

void order_uri_attributes(std::vector<UriAttribute>& attributes, std::string_view scheme) {
  std::stable_sort(attributes.begin(), attributes.end(), [&](const auto& a, const auto& b) {
    const auto rank_a = rank_of(scheme, a.name);
    const auto rank_b = rank_of(scheme, b.name);
    const bool both_vendor = rank_a == rank_b && a.name != b.name;
    return both_vendor ? a.name < b.name : rank_a < rank_b;
  });
}

namespace {

Result<UriAttribute> parse_attribute(UriPiece piece, std::string_view scheme, UriPlace place) {
  if (piece.text.empty()) return malformed_uri(piece.offset, "empty attribute");
  const auto equals = piece.text.find('=');
  const auto name = piece.first(std::min(equals, piece.text.size()));
  if (const auto ok = check_name(name, scheme, place); !ok) return Failure(ok.error());
  if (equals == piece.text.npos) {
    return malformed_uri(piece.offset + piece.text.size(),
                         fmt::format("attribute '{}' has no '='", name.text));
  }
  const auto value = piece.from(equals + 1);
  if (const auto* rule = find_rule(scheme, name.text)) {
    if (const auto ok = check_value(*rule, value); !ok) return Failure(ok.error());
  }
  auto decoded = decode_uri_piece(
      value, place == UriPlace::path ? stands_in_path_value : stands_in_query_value,
      fmt::format("attribute '{}'", name.text));
  if (!decoded && name.text == "pin-value") {
    // The usual message shows an octet of the value.
    return malformed_uri(value.offset, "attribute 'pin-value' is not properly percent-encoded");
  }
  if (!decoded) return Failure(decoded.error());
  return UriAttribute{std::string(name.text), std::move(*decoded)};
}

// RFC 7512, 2.3: letters, digits, '-' and '_'; a standard name stands in its own part only.
Result<void> check_name(UriPiece name, std::string_view scheme, UriPlace place) {
  if (name.text.empty()) return malformed_uri(name.offset, "attribute without a name");
  for (std::size_t i = 0; i < name.text.size(); ++i) {
    const char octet = name.text[i];
    if ((is_unreserved(octet) && octet != '.' && octet != '~') || octet == '_') continue;
    return malformed_uri(name.offset + i, "an attribute's name takes letters, digits, '-' and '_'");
  }
  const auto* rule = find_rule(scheme, name.text);
  if (rule == nullptr && !uri_takes_vendor_attributes(scheme)) {
    return malformed_uri(name.offset,
                         fmt::format("unknown attribute '{}' for '{}:'", name.text, scheme));
  }
  if (rule != nullptr && rule->place != place) {
    const bool in_query = rule->place == UriPlace::query;
    return malformed_uri(name.offset, fmt::format("attribute '{}' belongs {} the '?'", name.text,
                                                  in_query ? "after" : "before"));
  }
  return {};
}

// Looks at the text as it stands: RFC 7512 has no escapes in these values.
Result<void> check_value(const UriAttributeRule& rule, UriPiece value) {
  const auto number = number_in(value.text);
  switch (rule.value) {
    case UriValueRule::any:
      return {};
    case UriValueRule::number:
      if (number) return {};
      return malformed_uri(value.offset, fmt::format("attribute '{}' is not a number", rule.name));
    case UriValueRule::positive_number:
      if (number && *number > 0) return {};
      return malformed_uri(value.offset,
                           fmt::format("attribute '{}' is not a number from 1", rule.name));
    case UriValueRule::version:
      if (is_version(value.text)) return {};
      return malformed_uri(
          value.offset,
          fmt::format("attribute '{}' is not MAJOR or MAJOR.MINOR, each at most 255", rule.name));
    case UriValueRule::object_class:
      if (is_object_class(value.text)) return {};
      return malformed_uri(
          value.offset,
          fmt::format("attribute '{}' is none of public, private, cert, secret-key, data",
                      rule.name));
  }
  return {};
}

// RFC 7512, 2.3: nothing twice in the path; in the query vendor attributes may repeat.
bool may_repeat(std::string_view name, std::string_view scheme, UriPlace place) {
  return place == UriPlace::query && find_rule(scheme, name) == nullptr;
}

const UriAttributeRule* find_rule(std::string_view scheme, std::string_view name) {
  const auto rules = uri_attribute_rules(scheme);
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const auto& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

std::size_t rank_of(std::string_view scheme, std::string_view name) {
  const auto rules = uri_attribute_rules(scheme);
  const auto* rule = find_rule(scheme, name);
  return rule == nullptr ? rules.size() : static_cast<std::size_t>(rule - rules.data());
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_version(std::string_view text) {
  const auto dot = text.find('.');
  const auto major = number_in(text.substr(0, dot));
  const auto minor = dot == text.npos ? 0 : number_in(text.substr(dot + 1));
  return major && *major <= 255 && minor && *minor <= 255;
}

bool is_object_class(std::string_view text) {
  return text == "public" || text == "private" || text == "cert" || text == "secret-key" ||
         text == "data";
}

}  // namespace

}  // namespace keystore
