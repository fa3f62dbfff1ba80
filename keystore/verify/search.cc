#include "keystore/verify/internal/search.h"

#include <algorithm>

#include "keystore/internal/openssl_error.h"

namespace keystore::verify {
namespace {

bool contains(const CandidatePath& path, const Member& candidate) {
  return std::ranges::any_of(path.members, [&](const MemberPtr& member) {
    return member.get() == &candidate || same_entity(*member, candidate);
  });
}

bool same_der(const Member& a, const Member& b) { return a.der() == b.der(); }

/// The authority key identifier of `subject` names the key of `issuer`: 2, says nothing: 1,
/// names another one: 0.
int key_identifier_match(const Member& subject, const Member& issuer) {
  const auto* wanted = X509_get0_authority_key_id(subject.x509());
  const auto* has = X509_get0_subject_key_id(issuer.x509());
  if (wanted == nullptr || has == nullptr) return 1;
  return ASN1_OCTET_STRING_cmp(wanted, has) == 0 ? 2 : 0;
}

}  // namespace

void PathSearch::run(const MemberPtr& target,
                     const std::function<bool(const CandidatePath&)>& judge) {
  const OpensslErrorMark mark;
  CandidatePath path{{target}, {false}};
  if (distrusted(*target)) {
    stranded_ = path;
    return;
  }
  const auto* name = X509_get_subject_name(target->x509());
  for (const auto& anchor : space_.trust.anchors.with_subject(name)) {
    if (same_der(*anchor, *target) && paths_ > 0) {
      --paths_;
      if (judge({{anchor}, {true}})) return;
    }
  }
  extend(path, 0, judge);
}

bool PathSearch::extend(CandidatePath& path, unsigned intermediates,
                        const std::function<bool(const CandidatePath&)>& judge) {
  if (path.members.size() > stranded_.members.size()) stranded_ = path;
  const MemberPtr last = path.members.back();
  const bool is_root = path.from_trust.back() && last->self_issued();
  if (is_root && signed_by(*last, *last)) return false;
  for (const auto& issuer : issuers_of(*last)) {
    if (steps_ == 0 || paths_ == 0) return false;
    --steps_;
    if (contains(path, *issuer.member)) continue;
    path.members.push_back(issuer.member);
    path.from_trust.push_back(issuer.from_trust);
    bool done = false;
    if (issuer.from_trust) {
      --paths_;
      done = judge(path);
    }
    const unsigned counted = intermediates + (issuer.member->self_issued() ? 0 : 1);
    if (!done && counted <= space_.depth) done = extend(path, counted, judge);
    path.members.pop_back();
    path.from_trust.pop_back();
    if (done) return true;
  }
  return false;
}

std::vector<PathSearch::Issuer> PathSearch::issuers_of(const Member& subject) {
  const auto* name = X509_get_issuer_name(subject.x509());
  std::vector<Issuer> found;
  for (auto& member : space_.trust.anchors.with_subject(name)) {
    if (!distrusted(*member)) found.push_back({std::move(member), true});
  }
  const auto from_trust = found.size();
  for (auto& member : space_.intermediates.with_subject(name)) {
    const bool replaced = std::any_of(
        found.begin(), found.begin() + static_cast<std::ptrdiff_t>(from_trust),
        [&](const Issuer& anchor) {
          return same_der(*anchor.member, *member) ||
                 (anchor.member->valid_at(space_.at) && same_entity(*anchor.member, *member));
        });
    if (!replaced && !distrusted(*member)) found.push_back({std::move(member), false});
  }
  for (auto& issuer : found) {
    issuer.rank = (issuer.member->valid_at(space_.at) ? 100 : 0) +
                  10 * key_identifier_match(subject, *issuer.member) + (issuer.from_trust ? 5 : 0) +
                  (issuer.member->self_issued() ? 1 : 0);
  }
  std::ranges::stable_sort(found, std::greater{}, &Issuer::rank);
  if (found.size() > 1) {
    const auto best = found.front();
    std::erase_if(found, [&](const Issuer& issuer) { return !signed_by(subject, *issuer.member); });
    // None signed it: the best one stays, so that OpenSSL can say what is wrong.
    if (found.empty()) found.push_back(best);
  }
  return found;
}

bool PathSearch::signed_by(const Member& subject, const Member& issuer) {
  const auto edge = std::pair(&subject, &issuer);
  if (const auto known = signatures_.find(edge); known != signatures_.end()) return known->second;
  if (signature_checks_ == 0) return false;
  --signature_checks_;
  auto* key = issuer.key();
  const bool good = key != nullptr && X509_verify(subject.x509(), key) == 1;
  signatures_.emplace(edge, good);
  return good;
}

bool PathSearch::distrusted(const Member& member) const {
  return space_.trust.distrusted.contains(member.der());
}

}  // namespace keystore::verify
