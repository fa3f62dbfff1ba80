#include "keystore/internal/uri_syntax.h"
#include "keystore/uri.h"

namespace keystore {

namespace {

bool escape_all(char) { return false; }
std::string print_path(const Uri& uri);
std::string print_query(const Uri& uri, bool with_pin_source);

}  // namespace

std::string Uri::canonical() const {
  return scheme_ + ":" + print_path(*this) + print_query(*this, false);
}

std::string Uri::canonical_with_pin_source() const {
  return scheme_ + ":" + print_path(*this) + print_query(*this, true);
}

namespace {

std::string print_path(const Uri& uri) {
  if (uri.scheme() == "keystore") return escape_uri_text(uri.path(), stands_in_identity_name);
  if (uri.scheme() != "pkcs11") {
    // An empty authority in front, or a path that begins with two slashes would be taken for one.
    const auto* authority = uri.path().starts_with("//") ? "//" : "";
    return authority + escape_uri_text(uri.path(), stands_in_file_path);
  }
  std::string text;
  for (const auto& [name, value] : uri.path_attributes()) {
    if (!text.empty()) text += ';';
    // RFC 7512, 2.3: the id is octets, so all of it is escaped.
    text += name + "=" + escape_uri_text(value, name == "id" ? escape_all : stands_in_path_value);
  }
  return text;
}

std::string print_query(const Uri& uri, bool with_pin_source) {
  std::string text;
  for (const auto& [name, value] : uri.query_attributes()) {
    if (name == "pin-value" || (name == "pin-source" && !with_pin_source)) continue;
    text += text.empty() ? '?' : '&';
    text += name + "=" + escape_uri_text(value, stands_in_query_value);
  }
  return text;
}

}  // namespace

}  // namespace keystore
