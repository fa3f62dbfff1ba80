#include "bindings/openssl/x509/name.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "keystore/internal/openssl_error.h"

namespace keystore::openssl {
namespace {

struct Part {
  std::string text = {};
  bool joins_next = false;
};

Result<std::vector<Part>> split(std::string_view text, char separator);
Result<void> add(X509_NAME* name, const std::string& part, bool joins_previous);

}  // namespace

Result<X509NamePtr> parse_name(std::string_view text) {
  const OpensslErrorMark mark;
  X509NamePtr name(X509_NAME_new());
  if (text.empty()) return name;
  const bool slashed = text.starts_with('/');
  auto parts = split(slashed ? text.substr(1) : text, slashed ? '/' : ',');
  if (!parts) return Failure(parts.error());
  if (!slashed) {
    std::reverse(parts->begin(), parts->end());
    // What joined its follower now joins what comes before it.
    for (std::size_t at = 0; at + 1 < parts->size(); ++at) {
      (*parts)[at].joins_next = (*parts)[at + 1].joins_next;
    }
    parts->back().joins_next = false;
  }
  bool joins = false;
  for (const auto& part : *parts) {
    if (const auto added = add(name.get(), part.text, joins); !added) return Failure(added.error());
    joins = part.joins_next;
  }
  return name;
}

Result<X509NamePtr> read_name(BytesView der) {
  const OpensslErrorMark mark;
  const auto* start = der.data();
  X509NamePtr name(d2i_X509_NAME(nullptr, &start, static_cast<long>(der.size())));
  if (name && start == der.data() + der.size()) return name;
  return Failure(error_from_openssl(Errc::malformed, "the subject is no distinguished name"));
}

namespace {

/// At unescaped separators; the escapes stay.
Result<std::vector<Part>> split(std::string_view text, char separator) {
  std::vector<Part> parts(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      if (at + 1 == text.size()) {
        return fail(Errc::invalid_argument, fmt::format("subject '{}' ends in a backslash", text));
      }
      parts.back().text += c;
      parts.back().text += text[++at];
    } else if (c == separator || c == '+') {
      parts.back().joins_next = c == '+';
      parts.emplace_back();
    } else {
      parts.back().text += c;
    }
  }
  return parts;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string without_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      plain += text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? hex_value(text[at + 2]) : -1;
    if (high >= 0 && low >= 0) {
      plain += static_cast<char>(high * 16 + low);
      at += 2;
    } else {
      plain += text[++at];
    }
  }
  return plain;
}

Result<void> add(X509_NAME* name, const std::string& part, bool joins_previous) {
  const auto equals = part.find('=');
  const auto first = part.find_first_not_of(' ');
  if (equals == part.npos || first == part.npos || equals == first) {
    return fail(Errc::invalid_argument, fmt::format("'{}' in the subject is not NAME=VALUE", part),
                "say '/CN=web/O=Example' or 'CN=web,O=Example'");
  }
  const auto type = part.substr(first, equals - first);
  const auto value = without_escapes(std::string_view(part).substr(equals + 1));
  if (value.empty()) {
    return fail(Errc::invalid_argument, fmt::format("{} in the subject has no value", type));
  }
  const auto* octets = reinterpret_cast<const unsigned char*>(value.data());
  const int added =
      X509_NAME_add_entry_by_txt(name, type.c_str(), MBSTRING_UTF8, octets,
                                 static_cast<int>(value.size()), -1, joins_previous ? -1 : 0);
  if (added == 1) return {};
  return Failure(error_from_openssl(Errc::invalid_argument,
                                    fmt::format("'{}' cannot stand in a subject", part)));
}

}  // namespace
}  // namespace keystore::openssl
