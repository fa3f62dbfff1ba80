#include "bindings/c/flat_entry.h"

#include "keystore/internal/entry_key.h"

namespace keystore::c {
namespace {

// The numbers of ks.h count from 1, so that 0 stays for "any" and "none".
template <class Enum>
constexpr std::int32_t numbered(Enum value) {
  return static_cast<std::int32_t>(value) + 1;
}
static_assert(numbered(EntryKind::private_key) == KS_KIND_PRIVATE_KEY);
static_assert(numbered(EntryKind::public_key) == KS_KIND_PUBLIC_KEY);
static_assert(numbered(EntryKind::certificate) == KS_KIND_CERTIFICATE);
static_assert(numbered(EntryKind::trust_anchor) == KS_KIND_TRUST_ANCHOR);
static_assert(numbered(EntryKind::secret_key) == KS_KIND_SECRET_KEY);
static_assert(numbered(Custody::file) == KS_CUSTODY_FILE);
static_assert(numbered(Custody::token) == KS_CUSTODY_TOKEN);
static_assert(numbered(Custody::system) == KS_CUSTODY_SYSTEM);
static_assert(numbered(KeyType::rsa) == KS_KEY_RSA && numbered(KeyType::ec) == KS_KEY_EC);
static_assert(numbered(KeyType::ed25519) == KS_KEY_ED25519);
static_assert(numbered(KeyType::ed448) == KS_KEY_ED448);
static_assert(numbered(KeyType::x25519) == KS_KEY_X25519);
static_assert(numbered(KeyType::x448) == KS_KEY_X448 && numbered(KeyType::dsa) == KS_KEY_DSA);
static_assert(numbered(KeyType::other) == KS_KEY_OTHER);

std::vector<ks_attribute> attributes_of(const Entry& entry) {
  std::vector<ks_attribute> list;
  for (const auto& [name, value] : entry.attributes) list.push_back({name.c_str(), value.c_str()});
  return list;
}

}  // namespace

ks_bytes view_of(const Bytes& bytes) noexcept { return {bytes.data(), bytes.size()}; }

FlatCertificate::FlatCertificate(Certificate described)
    : certificate(std::move(described)), sha256(certificate.sha256()) {
  for (const auto& name : certificate.names()) names.push_back(name.c_str());
  view = {.der = view_of(certificate.der()),
          .subject = certificate.subject().c_str(),
          .issuer = certificate.issuer().c_str(),
          .serial = certificate.serial().c_str(),
          .not_before = certificate.not_before().time_since_epoch().count(),
          .not_after = certificate.not_after().time_since_epoch().count(),
          .sha256 = view_of(sha256),
          .names = names.data(),
          .name_count = names.size()};
}

FlatEntry::FlatEntry(Entry described)
    : entry(std::move(described)),
      uri(entry.uri.canonical()),
      public_key(public_key_of(entry)),
      shape(shape_of(entry)),
      attributes(attributes_of(entry)) {
  if (public_key) spki_sha256 = public_key->spki_sha256();
  if (entry.certificate) certificate.emplace(*entry.certificate);
  view = {.uri = uri.c_str(),
          .kind = numbered(entry.kind),
          .label = entry.label.c_str(),
          .id = view_of(entry.id),
          .custody = numbered(entry.custody),
          .extractable = may_leave(entry) ? 1 : 0,
          .key_type = shape ? numbered(shape->type) : KS_KEY_NONE,
          .key_bits = shape ? shape->bits : 0,
          .key_curve = shape ? shape->curve.c_str() : "",
          .public_key = public_key ? view_of(public_key->spki()) : ks_bytes{},
          .spki_sha256 = view_of(spki_sha256),
          .certificate = certificate ? &certificate->view : nullptr,
          .attributes = attributes.data(),
          .attribute_count = attributes.size()};
}

}  // namespace keystore::c
