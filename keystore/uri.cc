#include "keystore/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "keystore/internal/uri_syntax.h"

namespace keystore {

namespace {

constexpr std::array<std::string_view, 5> known_schemes = {"file", "pfx", "system", "pkcs11",
                                                           "keystore"};

std::optional<std::string> scheme_in(std::string_view text);
Result<void> check_bare_path(std::string_view text);
Failure unknown_scheme(std::string_view scheme, std::string_view text);
Result<std::string> parse_location(std::string_view scheme, UriPiece piece);
Result<UriPiece> without_authority(UriPiece piece);
std::optional<std::string_view> value_of(const std::vector<UriAttribute>& attributes,
                                         std::string_view name) noexcept;
void set_value(std::vector<UriAttribute>& attributes, std::string_view scheme,
               std::string_view name, std::string_view value);
void remove_all(std::vector<UriAttribute>& attributes, std::string_view name);

}  // namespace

Result<Uri> Uri::parse(std::string_view text) {
  auto scheme = scheme_in(text);
  if (!scheme) {
    if (const auto ok = check_bare_path(text); !ok) return Failure(ok.error());
    return from_path(text);
  }
  if (std::find(known_schemes.begin(), known_schemes.end(), *scheme) == known_schemes.end()) {
    return unknown_scheme(*scheme, text);
  }
  const auto rest = UriPiece{text, 0}.from(scheme->size() + 1);
  const auto mark = std::min(rest.text.find('?'), rest.text.size());

  Uri uri;
  uri.scheme_ = std::move(*scheme);
  if (uri.scheme_ == "pkcs11") {
    auto attributes = parse_uri_attributes(rest.first(mark), uri.scheme_, UriPlace::path);
    if (!attributes) return Failure(attributes.error());
    uri.path_attributes_ = std::move(*attributes);
  } else {
    auto location = parse_location(uri.scheme_, rest.first(mark));
    if (!location) return Failure(location.error());
    uri.path_ = std::move(*location);
  }
  if (mark < rest.text.size()) {
    auto query = parse_uri_attributes(rest.from(mark + 1), uri.scheme_, UriPlace::query);
    if (!query) return Failure(query.error());
    uri.query_attributes_ = std::move(*query);
  }
  return uri;
}

Uri Uri::from_path(std::string_view path) {
  Uri uri;
  uri.scheme_ = "file";
  uri.path_ = path;
  return uri;
}

std::optional<std::string_view> Uri::path_attribute(std::string_view name) const noexcept {
  return value_of(path_attributes_, name);
}

std::optional<std::string_view> Uri::query_attribute(std::string_view name) const noexcept {
  return value_of(query_attributes_, name);
}

Uri Uri::with_path_attribute(std::string_view name, std::string_view value) const {
  Uri copy = *this;
  set_value(copy.path_attributes_, scheme_, name, value);
  return copy;
}

Uri Uri::without_path_attribute(std::string_view name) const {
  Uri copy = *this;
  remove_all(copy.path_attributes_, name);
  return copy;
}

Uri Uri::with_query_attribute(std::string_view name, std::string_view value) const {
  Uri copy = *this;
  set_value(copy.query_attributes_, scheme_, name, value);
  return copy;
}

Uri Uri::without_query_attribute(std::string_view name) const {
  Uri copy = *this;
  remove_all(copy.query_attributes_, name);
  return copy;
}

namespace {

// RFC 3986, 3.1, in lower case. Text without one is a path.
std::optional<std::string> scheme_in(std::string_view text) {
  std::string scheme(text.substr(0, text.find(':')));
  if (scheme.size() == text.size()) return std::nullopt;
  for (char& octet : scheme) {
    if (octet >= 'A' && octet <= 'Z') octet = static_cast<char>(octet - 'A' + 'a');
    const bool letter = octet >= 'a' && octet <= 'z';
    const bool later =
        (octet >= '0' && octet <= '9') || octet == '+' || octet == '-' || octet == '.';
    if (!letter && (!later || &octet == scheme.data())) return std::nullopt;
  }
  if (scheme.empty()) return std::nullopt;
  return scheme;
}

// A URI with stray white space must not become the name of a file.
Result<void> check_bare_path(std::string_view text) {
  if (text.empty()) return malformed_uri(0, "it is empty");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < ' ' || octet == 0x7f) {
      return malformed_uri(i, "control character in a path",
                           "such a path is written file:PATH, percent-encoded");
    }
  }
  return {};
}

// What cannot stand in any URI (RFC 3986, 2) is malformed whatever its scheme.
Failure unknown_scheme(std::string_view scheme, std::string_view text) {
  auto hint = fmt::format("known are {}:; a file with a colon in its name is written ./NAME",
                          fmt::join(known_schemes, ":, "));
  const auto stray = std::find_if(text.begin(), text.end(), [](char c) {
    return c <= ' ' || c > '~' || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
  });
  if (stray != text.end()) {
    return malformed_uri(static_cast<std::size_t>(stray - text.begin()),
                         "a character that stands in no URI", std::move(hint));
  }
  return fail(Errc::invalid_argument, fmt::format("unknown scheme '{}:'", scheme), std::move(hint));
}

Result<std::string> parse_location(std::string_view scheme, UriPiece piece) {
  if (scheme == "system") {
    if (piece.text.empty()) return std::string();
    return malformed_uri(piece.offset, "'system:' takes no path");
  }
  const bool is_name = scheme == "keystore";
  const auto what = is_name ? "the name" : "the path";
  if (!is_name) {
    const auto path = without_authority(piece);
    if (!path) return Failure(path.error());
    piece = *path;
  }
  if (piece.text.empty()) {
    return malformed_uri(piece.offset, fmt::format("{} after '{}:' is missing", what, scheme));
  }
  auto decoded =
      decode_uri_piece(piece, is_name ? stands_in_identity_name : stands_in_file_path, what);
  if (decoded && decoded->find('\0') != decoded->npos) {
    return malformed_uri(piece.offset, fmt::format("{} holds %00", what));
  }
  return decoded;
}

// RFC 8089, 2: file:///p, file://localhost/p and file:/p are one file.
Result<UriPiece> without_authority(UriPiece piece) {
  if (!piece.text.starts_with("//")) return piece;
  const auto end = std::min(piece.text.find('/', 2), piece.text.size());
  const auto host = piece.text.substr(2, end - 2);
  if (!host.empty() && host != "localhost") {
    return malformed_uri(piece.offset + 2, "a file on another host",
                         "write file:/PATH, or file:///PATH");
  }
  return piece.from(end);
}

std::optional<std::string_view> value_of(const std::vector<UriAttribute>& attributes,
                                         std::string_view name) noexcept {
  for (const auto& attribute : attributes) {
    if (attribute.name == name) return attribute.value;
  }
  return std::nullopt;
}

void set_value(std::vector<UriAttribute>& attributes, std::string_view scheme,
               std::string_view name, std::string_view value) {
  UriAttribute fresh{std::string(name), std::string(value)};
  remove_all(attributes, fresh.name);
  attributes.push_back(std::move(fresh));
  order_uri_attributes(attributes, scheme);
}

void remove_all(std::vector<UriAttribute>& attributes, std::string_view name) {
  std::erase_if(attributes, [&](const auto& attribute) { return attribute.name == name; });
}

}  // namespace

}  // namespace keystore
