#include "keystore/verify/internal/member.h"

#include <new>

#include "keystore/internal/certificate_parsed.h"
#include "keystore/internal/openssl_error.h"

namespace keystore::verify {
namespace {

/// A copy with the uses that the store names.
X509Ptr with_settings(const X509* x509, const TrustAnchor& anchor) {
  X509Ptr copy(X509_dup(x509));
  const auto object = [](const std::string& oid) {
    return Asn1ObjectPtr(OBJ_txt2obj(oid.c_str(), 1));
  };
  if (anchor.trusted) X509_add1_trust_object(copy.get(), nullptr);  // a list, empty so far
  for (const auto& oid : anchor.trusted.value_or(std::vector<std::string>())) {
    X509_add1_trust_object(copy.get(), object(oid).get());
  }
  for (const auto& oid : anchor.rejected) X509_add1_reject_object(copy.get(), object(oid).get());
  return copy;
}

}  // namespace

Member::Member(TrustAnchor anchor)
    : anchor_(std::move(anchor)), x509_(x509_of(anchor_.certificate)) {
  const OpensslErrorMark mark;
  if (has_trust_settings()) x509_ = with_settings(x509_.get(), anchor_);
  if (!x509_) throw std::bad_alloc();
  extensions_ = extensions_of(x509_.get());
  self_issued_ = X509_NAME_cmp(X509_get_subject_name(x509()), X509_get_issuer_name(x509())) == 0;
}

const Extension* Member::extension(int nid) const noexcept {
  for (const auto& extension : extensions_) {
    if (extension.nid == nid) return &extension;
  }
  return nullptr;
}

const void* Member::decoded(int nid) const noexcept {
  const void* found = nullptr;
  int times = 0;
  for (const auto& extension : extensions_) {
    if (extension.nid != nid) continue;
    ++times;
    found = extension.decoded.get();
  }
  return times == 1 ? found : nullptr;
}

std::string oid_text(const ASN1_OBJECT* object) {
  char text[128] = {};
  const int size = OBJ_obj2txt(text, sizeof text, object, 1);
  return size > 0 && size < static_cast<int>(sizeof text) ? text : "";
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
