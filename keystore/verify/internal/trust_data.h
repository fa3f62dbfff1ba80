#pragma once

#include <set>
#include <vector>

#include "keystore/verify/internal/member.h"
#include "keystore/verify/trust.h"

namespace keystore::verify {

/// An order in which names that are the same (RFC 5280, 7.1) are equal. Comparing costs a fraction
/// of the hash that OpenSSL has for names.
struct BySubject {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return X509_NAME_cmp(name_of(a), name_of(b)) < 0;
  }

 private:
  static const X509_NAME* name_of(const X509_NAME* name) { return name; }
  static const X509_NAME* name_of(const MemberPtr& member) {
    return X509_get_subject_name(member->x509());
  }
};

/// Certificates that may be issuers, found by their subject.
class Pool {
 public:
  /// A certificate that is there already takes in what the new one's store says of it.
  void add(MemberPtr member);
  std::size_t size() const noexcept { return by_name_.size(); }
  /// Those whose subject is `name` (RFC 5280, 7.1), in the order they were added.
  std::vector<MemberPtr> with_subject(const X509_NAME* name) const;

 private:
  std::multiset<MemberPtr, BySubject> by_name_;
};

struct Trust::Data {
  Pool anchors = {};
  std::set<Bytes> distrusted = {};  ///< DER
};

}  // namespace keystore::verify
