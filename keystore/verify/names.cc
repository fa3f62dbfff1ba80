#include "keystore/verify/internal/names.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace keystore::verify {
namespace {

bool is_alnum(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 && (c & 0x80) == 0;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
    return false;
  return std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_atom_character(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_dns_name(std::string_view name, bool wildcard) {
  if (name.empty() || name.size() > 253) return false;
  if (wildcard && name.starts_with("*.")) {
    name.remove_prefix(2);
    if (name.find('.') == std::string_view::npos) return false;
  }
  while (true) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool dns_name_matches(std::string_view presented, std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto name = lower(presented);
  const auto wanted = lower(host);
  if (!name.starts_with("*.")) return name == wanted;
  const auto dot = wanted.find('.');
  return dot != std::string::npos && dot > 0 && wanted.substr(dot) == name.substr(1);
}

bool is_mailbox(std::string_view mailbox) {
  const auto at = mailbox.find('@');
  if (at == std::string_view::npos || at == 0) return false;
  const auto local = mailbox.substr(0, at);
  return std::ranges::all_of(local, is_atom_character) && local.front() != '.' &&
         local.back() != '.' && local.find("..") == std::string_view::npos &&
         is_dns_name(mailbox.substr(at + 1), false);
}

std::optional<std::string> uri_host(std::string_view uri) {
  const auto colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  const auto scheme = uri.substr(0, colon);
  const bool scheme_good = std::ranges::all_of(
      scheme, [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; });
  if (!scheme_good || is_alnum(scheme.front()) == 0) return {};
  auto rest = uri.substr(colon + 1);
  if (!rest.starts_with("//")) return {};
  rest.remove_prefix(2);
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return {};
    port = authority.substr(close + 1);
    authority = authority.substr(0, close + 1);
  } else if (const auto at = authority.find(':'); at != std::string_view::npos) {
    port = authority.substr(at);
    authority = authority.substr(0, at);
  }
  if (!port.empty() && (port.front() != ':' || !std::ranges::all_of(port.substr(1), [](char c) {
                          return c >= '0' && c <= '9';
                        }))) {
    return {};
  }
  if (authority.empty()) return {};
  return lower(authority);
}

const GENERAL_NAMES* alternative_names(const Member& member) {
  return member.value_of<GENERAL_NAMES>(NID_subject_alt_name);
}

std::string_view text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::optional<std::string> utf8_of(const ASN1_STRING* string) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, string);
  const OpensslMemoryPtr<unsigned char> owned(utf8);
  if (size < 0) return {};
  return std::string(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
}

std::vector<std::string> subject_values(const Member& member, int nid) {
  std::vector<std::string> values;
  const auto* subject = X509_get_subject_name(member.x509());
  for (int at = X509_NAME_get_index_by_NID(subject, nid, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(subject, nid, at)) {
    auto utf8 = utf8_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (utf8) values.push_back(*std::move(utf8));
  }
  return values;
}

std::optional<std::string> smtp_utf8_mailbox(const GENERAL_NAME& name) {
  if (name.type != GEN_OTHERNAME) return {};
  std::array<char, 64> oid = {};
  OBJ_obj2txt(oid.data(), oid.size(), name.d.otherName->type_id, 1);
  if (std::string_view(oid.data()) != "1.3.6.1.5.5.7.8.9") return {};
  const auto* value = name.d.otherName->value;
  if (value == nullptr || value->type != V_ASN1_UTF8STRING) return {};
  return std::string(text_of(value->value.utf8string));
}

}  // namespace keystore::verify
