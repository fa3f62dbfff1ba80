#include "backends/pkcs11/wanted.h"

#include <fmt/format.h>

namespace keystore::pkcs11 {
namespace {

Result<EntryKind> kind_of(std::string_view type) {
  if (type == "private") return EntryKind::private_key;
  if (type == "public") return EntryKind::public_key;
  if (type == "cert") return EntryKind::certificate;
  if (type == "secret-key") return EntryKind::secret_key;
  return fail(Errc::invalid_argument, fmt::format("objects of type '{}' are not listed", type),
              "types are private, public, cert and secret-key");
}

/// Narrows `mine` to `theirs`; false when both are set and differ.
template <class T>
bool narrow(std::optional<T>& mine, const std::optional<T>& theirs) {
  if (!theirs) return true;
  if (mine && *mine != *theirs) return false;
  mine = theirs;
  return true;
}

}  // namespace

Result<Wanted> Wanted::from(const Uri& uri) {
  Wanted wanted;
  if (const auto type = uri.path_attribute("type")) {
    const auto kind = kind_of(*type);
    if (!kind) return Failure(kind.error());
    wanted.kind = *kind;
  }
  if (const auto label = uri.path_attribute("object")) wanted.label = std::string(*label);
  if (const auto id = uri.path_attribute("id")) {
    const auto octets = as_bytes(*id);
    wanted.id = Bytes(octets.begin(), octets.end());
  }
  return wanted;
}

std::optional<Wanted> Wanted::and_also(const Query& query) const {
  auto both = *this;
  if (narrow(both.kind, query.kind) && narrow(both.label, query.label) &&
      narrow(both.id, query.id) && narrow(both.public_key, query.public_key)) {
    return both;
  }
  return std::nullopt;
}

Template Wanted::as_template(CK_OBJECT_CLASS object_class) const {
  return narrowed(Template::on_token(object_class));
}

Template Wanted::as_template() const { return narrowed(Template::on_token()); }

Template Wanted::narrowed(Template result) const {
  if (label) result.text(CKA_LABEL, *label);
  if (id) result.octets(CKA_ID, *id);
  return result;
}

}  // namespace keystore::pkcs11
