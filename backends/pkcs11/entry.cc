#include "backends/pkcs11/entry.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/pkcs11/mechanism_names.h"
#include "backends/pkcs11/public_half.h"

namespace keystore::pkcs11 {
namespace {

void add_flags(const Object& object, std::map<std::string, std::string>& attributes) {
  struct Row {
    CK_ATTRIBUTE_TYPE type;
    const char* name;
  };
  constexpr std::array rows = {Row{CKA_SENSITIVE, "sensitive"},
                               Row{CKA_EXTRACTABLE, "extractable"},
                               Row{CKA_ALWAYS_SENSITIVE, "always-sensitive"},
                               Row{CKA_NEVER_EXTRACTABLE, "never-extractable"},
                               Row{CKA_ALWAYS_AUTHENTICATE, "always-authenticate"},
                               Row{CKA_WRAP_WITH_TRUSTED, "wrap-with-trusted"},
                               Row{CKA_SIGN, "sign"},
                               Row{CKA_DECRYPT, "decrypt"},
                               Row{CKA_DERIVE, "derive"},
                               Row{CKA_WRAP, "wrap"},
                               Row{CKA_UNWRAP, "unwrap"},
                               Row{CKA_LOCAL, "generated-on-token"},
                               Row{CKA_TRUSTED, "trusted"}};
  for (const auto& row : rows) {
    if (const auto set = object.flag(row.type)) attributes[row.name] = *set ? "yes" : "no";
  }
}

void add_allowed_mechanisms(const Object& object, std::map<std::string, std::string>& attributes) {
  const auto allowed = object.mechanisms(CKA_ALLOWED_MECHANISMS);
  if (!allowed) return;
  auto& text = attributes["allowed-mechanisms"];
  for (const auto mechanism : *allowed)
    text += (text.empty() ? "" : " ") + mechanism_name(mechanism);
}

}  // namespace

Uri token_uri(const Uri& opened, const TokenIdentity& identity,
              const std::vector<TokenIdentity>& others) {
  auto uri = Uri::parse("pkcs11:").value().with_path_attribute("token", identity.label);
  const auto same_label = [&](const TokenIdentity& other) {
    return other.label == identity.label && other != identity;
  };
  if (std::ranges::any_of(others, same_label)) {
    uri = uri.with_path_attribute("serial", identity.serial);
  }
  for (const auto* name : {"module-path", "module-name"}) {
    if (const auto value = opened.query_attribute(name))
      uri = uri.with_query_attribute(name, *value);
  }
  return uri;
}

Entry make_entry(const Uri& token_uri, const Object& object, std::optional<PublicKey> half) {
  const auto label = object.text(CKA_LABEL);
  const auto id = object.octets(CKA_ID);
  auto uri = token_uri;
  if (!label.empty()) uri = uri.with_path_attribute("object", label);
  if (!id.empty()) uri = uri.with_path_attribute("id", as_text(id));
  uri = uri.with_path_attribute("type", uri_type(object.object_class));
  Entry entry{.uri = std::move(uri), .kind = kind_of(object.object_class), .label = label};
  entry.id = Bytes(id.begin(), id.end());
  entry.custody = Custody::token;
  // A token that does not say is taken at its word only when it says "sensitive".
  entry.extractable =
      object.flag(CKA_EXTRACTABLE).value_or(false) && !object.flag(CKA_SENSITIVE).value_or(false);
  add_flags(object, entry.attributes);
  add_allowed_mechanisms(object, entry.attributes);
  if (entry.kind == EntryKind::certificate) {
    if (auto certificate = Certificate::parse(object.octets(CKA_VALUE)))
      entry.certificate = std::move(*certificate);
  } else if (entry.kind == EntryKind::secret_key) {
    const auto octets = object.number(CKA_VALUE_LEN);
    if (octets) entry.shape = KeyShape{.bits = static_cast<unsigned>(*octets * 8)};
  } else {
    entry.shape = half ? half->shape() : shape_of(object);
    entry.public_key = std::move(half);
  }
  return entry;
}

EntryKind kind_of(CK_OBJECT_CLASS object_class) {
  switch (object_class) {
    case CKO_PRIVATE_KEY:
      return EntryKind::private_key;
    case CKO_PUBLIC_KEY:
      return EntryKind::public_key;
    case CKO_CERTIFICATE:
      return EntryKind::certificate;
    default:
      return EntryKind::secret_key;
  }
}

CK_OBJECT_CLASS class_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::private_key:
      return CKO_PRIVATE_KEY;
    case EntryKind::public_key:
      return CKO_PUBLIC_KEY;
    case EntryKind::certificate:
    case EntryKind::trust_anchor:
      return CKO_CERTIFICATE;
    case EntryKind::secret_key:
      return CKO_SECRET_KEY;
  }
  return CKO_DATA;
}

std::string_view uri_type(CK_OBJECT_CLASS object_class) {
  switch (object_class) {
    case CKO_PRIVATE_KEY:
      return "private";
    case CKO_PUBLIC_KEY:
      return "public";
    case CKO_CERTIFICATE:
      return "cert";
    default:
      return "secret-key";
  }
}

}  // namespace keystore::pkcs11
