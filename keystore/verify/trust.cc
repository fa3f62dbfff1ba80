#include "keystore/verify/trust.h"

#include <algorithm>

#include "keystore/internal/trust_file.h"
#include "keystore/log.h"
#include "keystore/store.h"
#include "keystore/verify/internal/trust_data.h"

namespace keystore::verify {
void Pool::add(MemberPtr member) {
  const auto [first, last] = by_name_.equal_range(member);
  const auto known = std::find_if(
      first, last, [&](const MemberPtr& each) { return each->der() == member->der(); });
  if (known == last) {
    by_name_.insert(last, std::move(member));
    return;
  }
  auto merged = (*known)->settings();
  merged.merge(member->settings());
  by_name_.insert(by_name_.erase(known), std::make_shared<const Member>(std::move(merged)));
}

std::vector<MemberPtr> Pool::with_subject(const X509_NAME* name) const {
  const auto [first, last] = by_name_.equal_range(name);
  return {first, last};
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
