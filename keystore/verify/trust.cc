#include "keystore/verify/trust.h"

#include <algorithm>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/trust_file.h"
#include "keystore/log.h"
#include "keystore/store.h"
#include "keystore/verify/internal/trust_data.h"

namespace keystore::verify {
void Pool::add(MemberPtr member) {
  auto& same_hash = by_name_[hash_of(X509_get_subject_name(member->x509()))];
  const auto known = std::ranges::find_if(
      same_hash, [&](const MemberPtr& each) { return each->der() == member->der(); });
  if (known == same_hash.end()) {
    same_hash.push_back(std::move(member));
    ++size_;
    return;
  }
  auto merged = (*known)->settings();
  merged.merge(member->settings());
  *known = std::make_shared<const Member>(std::move(merged));
}

unsigned long hash_of(const X509_NAME* name) {
  return X509_NAME_hash_ex(name, private_lib_ctx(), nullptr, nullptr);
}

std::vector<MemberPtr> Pool::with_subject(const X509_NAME* name, unsigned long hash) const {
  const auto found = by_name_.find(hash);
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
  own().anchors.add(std::make_shared<const Member>(anchor));
}

Result<void> Trust::add_anchors(const std::string& path, BytesView content,
                                std::vector<Error>* skipped) {
  auto found = read_trust_file(path, content);
  if (!found) return Failure(found.error());
  for (const auto& anchor : found->items) add_anchor(anchor);
  if (skipped != nullptr) std::ranges::move(found->skipped, std::back_inserter(*skipped));
  return {};
}

void Trust::add_distrusted(const Certificate& certificate) {
  own().distrusted.insert(certificate.der());
}

Result<void> Trust::add_distrusted(const std::string& path, BytesView content) {
  const auto found = read_trust_file(path, content);
  if (!found) return Failure(found.error());
  for (const auto& anchor : found->items) add_distrusted(anchor.certificate);
  return {};
}

std::size_t Trust::anchor_count() const noexcept { return data_->anchors.size(); }

Result<Trust> system_trust() {
  const auto store = open("system:");
  if (!store) return Failure(store.error());
  const auto settings = store->trust()->settings();
  if (!settings) return Failure(settings.error());
  for (const auto& error : settings->skipped) {
    log(LogLevel::warning, "not all of the system's trust is known: " + error.message);
  }
  Trust trust;
  for (const auto& anchor : settings->items) {
    anchor.distrusted() ? trust.add_distrusted(anchor.certificate) : trust.add_anchor(anchor);
  }
  return trust;
}

}  // namespace keystore::verify
