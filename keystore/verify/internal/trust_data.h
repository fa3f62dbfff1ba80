#pragma once

#include <set>
#include <unordered_map>
#include <vector>

#include "keystore/verify/internal/member.h"
#include "keystore/verify/trust.h"

namespace keystore::verify {

/// Equal for names that are the same (RFC 5280, 7.1).
unsigned long hash_of(const X509_NAME* name);

/// Certificates that may be issuers, found by their subject.
class Pool {
 public:
  /// A certificate that is there already takes in what the new one's store says of it.
  void add(MemberPtr member);
  std::size_t size() const noexcept { return size_; }
  /// Those whose subject is `name` (RFC 5280, 7.1), in the order they were added. `hash`: of it.
  std::vector<MemberPtr> with_subject(const X509_NAME* name, unsigned long hash) const;

 private:
  std::unordered_map<unsigned long, std::vector<MemberPtr>> by_name_;
  std::size_t size_ = 0;
};

struct Trust::Data {
  Pool anchors = {};
  std::set<Bytes> distrusted = {};  ///< DER
};

}  // namespace keystore::verify
