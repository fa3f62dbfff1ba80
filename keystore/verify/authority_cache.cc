#include <algorithm>

#include "keystore/verify/internal/recent_set.h"
#include "keystore/verify/verify.h"

namespace keystore::verify {
namespace {

struct ByDer {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return std::ranges::lexicographical_compare(der_of(a), der_of(b));
  }

 private:
  static BytesView der_of(BytesView der) { return der; }
  static BytesView der_of(const Certificate& certificate) { return certificate.der(); }
};

constexpr std::size_t most_in_half = 128;

}  // namespace

struct AuthorityCache::State {
  RecentSet<Certificate, ByDer> known{most_in_half};
};

AuthorityCache::AuthorityCache() : state_(std::make_unique<State>()) {}
AuthorityCache::AuthorityCache(AuthorityCache&& other) noexcept = default;
AuthorityCache& AuthorityCache::operator=(AuthorityCache&& other) noexcept = default;
AuthorityCache::~AuthorityCache() = default;

Result<Certificate> AuthorityCache::parse(BytesView der) {
  if (const auto* known = state_->known.find(der)) return *known;
  auto certificate = Certificate::parse(der);
  if (certificate && certificate->is_ca()) state_->known.add(*certificate);
  return certificate;
}

}  // namespace keystore::verify
