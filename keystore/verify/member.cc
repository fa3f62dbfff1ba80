#include "keystore/verify/internal/member.h"

#include <ctime>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"

namespace keystore::verify {
namespace {

std::string oid_text(const ASN1_OBJECT* object) {
  char text[128] = {};
  const int size = OBJ_obj2txt(text, sizeof text, object, 1);
  return size > 0 && size < static_cast<int>(sizeof text) ? text : "";
}

std::optional<std::chrono::sys_seconds> time_of(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts)));
}

std::vector<Extension> extensions_of(const X509* x509) {
  std::vector<Extension> all;
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    auto* extension = X509_get_ext(x509, i);
    const auto* object = X509_EXTENSION_get_object(extension);
    const auto* value = X509_EXTENSION_get_data(extension);
    all.push_back(
        {OBJ_obj2nid(object),
         oid_text(object),
         X509_EXTENSION_get_critical(extension) != 0,
         {ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))}});
  }
  return all;
}

}  // namespace

MemberPtr Member::parse(BytesView der, bool aux) {
  const OpensslErrorMark mark;
  auto* made = X509_new_ex(private_lib_ctx(), nullptr);
  const auto* at = der.data();
  const auto size = static_cast<long>(der.size());
  const bool read = (aux ? d2i_X509_AUX(&made, &at, size) : d2i_X509(&made, &at, size)) != nullptr;
  auto member = std::make_shared<Member>();
  member->x509_.reset(made);
  if (!read || at != der.data() + der.size()) return nullptr;
  auto* x509 = member->x509_.get();
  const auto not_before = time_of(X509_get0_notBefore(x509));
  const auto not_after = time_of(X509_get0_notAfter(x509));
  if (!not_before || !not_after) return nullptr;
  member->not_before_ = *not_before;
  member->not_after_ = *not_after;
  unsigned char* plain = nullptr;
  const int plain_size = i2d_X509(x509, &plain);
  if (plain_size <= 0) return nullptr;
  const OpensslMemoryPtr<unsigned char> owned(plain);
  member->der_.assign(plain, plain + plain_size);
  member->extensions_ = extensions_of(x509);
  member->self_issued_ =
      X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
  member->trust_settings_ =
      X509_get0_trust_objects(x509) != nullptr || X509_get0_reject_objects(x509) != nullptr;
  return member;
}

const Extension* Member::extension(int nid) const noexcept {
  for (const auto& extension : extensions_) {
    if (extension.nid == nid) return &extension;
  }
  return nullptr;
}

std::string Member::subject() const {
  const auto certificate = Certificate::parse(der_);
  return certificate ? certificate->subject() : std::string();
}

bool same_entity(const Member& a, const Member& b) {
  if (X509_NAME_cmp(X509_get_subject_name(a.x509()), X509_get_subject_name(b.x509())) != 0) {
    return false;
  }
  const auto* key_a = X509_get0_pubkey_bitstr(a.x509());
  const auto* key_b = X509_get0_pubkey_bitstr(b.x509());
  return key_a != nullptr && key_b != nullptr && ASN1_STRING_cmp(key_a, key_b) == 0;
}

}  // namespace keystore::verify
