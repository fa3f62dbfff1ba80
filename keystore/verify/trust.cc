#include "keystore/verify/trust.h"

#include "keystore/internal/lib_ctx.h"
#include "keystore/store.h"
#include "keystore/verify/internal/pem_objects.h"
#include "keystore/verify/internal/trust_data.h"

namespace keystore::verify {
namespace {

/// With the anchor's uses in the form that OpenSSL has for them. Null: malformed.
MemberPtr member_of(const TrustAnchor& anchor) {
  const auto& der = anchor.certificate.der();
  if (!anchor.trusted && anchor.rejected.empty()) return Member::parse(der);
  const auto* at = der.data();
  const X509Ptr x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!x509) return nullptr;
  const auto object = [](const std::string& oid) {
    return Asn1ObjectPtr(OBJ_txt2obj(oid.c_str(), 1));
  };
  if (anchor.trusted) X509_add1_trust_object(x509.get(), nullptr);  // a list, empty so far
  for (const auto& oid : anchor.trusted.value_or(std::vector<std::string>())) {
    X509_add1_trust_object(x509.get(), object(oid).get());
  }
  for (const auto& oid : anchor.rejected) X509_add1_reject_object(x509.get(), object(oid).get());
  unsigned char* encoded = nullptr;
  const int size = i2d_X509_AUX(x509.get(), &encoded);
  const OpensslMemoryPtr<unsigned char> owned(encoded);
  if (size <= 0) return nullptr;
  return Member::parse({encoded, static_cast<std::size_t>(size)}, true);
}

}  // namespace

void Pool::add(MemberPtr member) {
  auto& same_hash = by_name_[X509_subject_name_hash(member->x509())];
  for (const auto& known : same_hash) {
    if (known->der().size() == member->der().size() &&
        std::equal(known->der().begin(), known->der().end(), member->der().begin()) &&
        known->has_trust_settings() == member->has_trust_settings()) {
      return;
    }
  }
  same_hash.push_back(std::move(member));
  ++size_;
}

std::vector<MemberPtr> Pool::with_subject(const X509_NAME* name) const {
  const auto found = by_name_.find(X509_NAME_hash_ex(name, private_lib_ctx(), nullptr, nullptr));
  if (found == by_name_.end()) return {};
  std::vector<MemberPtr> members;
  for (const auto& member : found->second) {
    if (X509_NAME_cmp(X509_get_subject_name(member->x509()), name) == 0) members.push_back(member);
  }
  return members;
}

Trust::Trust() : data_(std::make_shared<Data>()) {}

Trust::Data& Trust::own() {
  if (data_.use_count() > 1) data_ = std::make_shared<Data>(*data_);
  return *data_;
}

void Trust::add_anchor(const Certificate& certificate) { add_anchor(TrustAnchor{certificate}); }

void Trust::add_anchor(const TrustAnchor& anchor) {
  if (auto member = member_of(anchor)) own().anchors.add(std::move(member));
}

Result<void> Trust::add_anchors(BytesView file, std::vector<Error>* skipped) {
  std::size_t count = 0;
  for (const auto& object : certificate_objects(file)) {
    if (auto member = Member::parse(object.der, object.trust_settings)) {
      own().anchors.add(std::move(member));
      ++count;
    } else if (skipped != nullptr) {
      skipped->push_back({Errc::malformed, "a trust anchor is malformed"});
    }
  }
  if (count == 0) return fail(Errc::not_found, "there is no certificate");
  return {};
}

void Trust::add_distrusted(const Certificate& certificate) {
  own().distrusted.insert(certificate.der());
}

Result<void> Trust::add_distrusted(BytesView file) {
  bool any = false;
  for (const auto& object : certificate_objects(file)) {
    const auto member = Member::parse(object.der, object.trust_settings);
    if (!member) continue;
    own().distrusted.emplace(member->der().begin(), member->der().end());
    any = true;
  }
  if (!any) return fail(Errc::not_found, "there is no certificate");
  return {};
}

std::size_t Trust::anchor_count() const noexcept { return data_->anchors.size(); }

Result<Trust> system_trust() {
  const auto store = open("system:");
  if (!store) return Failure(store.error());
  const auto anchors = store->trust()->anchors();
  if (!anchors) return Failure(anchors.error());
  const auto distrusted = store->trust()->distrusted();
  if (!distrusted) return Failure(distrusted.error());
  Trust trust;
  for (const auto& anchor : anchors->items) trust.add_anchor(anchor);
  for (const auto& certificate : distrusted->items) trust.add_distrusted(certificate);
  return trust;
}

}  // namespace keystore::verify
