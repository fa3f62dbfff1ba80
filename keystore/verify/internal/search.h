#pragma once

#include <chrono>
#include <functional>
#include <map>

#include "keystore/verify/internal/trust_data.h"

namespace keystore::verify {

/// What the search may use, and its bounds.
struct SearchSpace {
  const Trust::Data& trust;
  const Pool& intermediates;
  std::chrono::sys_seconds at = {};
  unsigned depth = 0;  ///< most intermediates that are not self-issued
};

/// Enumerates paths from a target to anchors, the most promising first, without repeating a
/// certificate. A certificate of the trust store takes the place of others with its name and key
/// while it is valid: what an administrator put there is not to be outvoted by what a peer sent.
class PathSearch {
 public:
  explicit PathSearch(const SearchSpace& space) : space_(space) {}

  /// Calls `judge` with each path until it returns true or the bounds are reached.
  void run(const MemberPtr& target, const std::function<bool(const CandidatePath&)>& judge);

  /// The longest path that did not reach an anchor; for reports.
  const CandidatePath& stranded() const noexcept { return stranded_; }
  bool exhausted() const noexcept { return steps_ == 0; }

 private:
  struct Issuer {
    MemberPtr member = {};
    bool from_trust = false;
    int rank = 0;
  };

  bool extend(CandidatePath& path, unsigned intermediates,
              const std::function<bool(const CandidatePath&)>& judge);
  std::vector<Issuer> issuers_of(const Member& subject);
  bool signed_by(const Member& subject, const Member& issuer);
  bool distrusted(const Member& member) const;

  SearchSpace space_;
  CandidatePath stranded_;
  std::map<std::pair<const Member*, const Member*>, bool> signatures_;
  unsigned steps_ = 2000;
  unsigned paths_ = 100;
  unsigned signature_checks_ = 200;
};

}  // namespace keystore::verify
