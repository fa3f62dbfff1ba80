#include "keystore/verify/internal/known_links.h"

#include <mutex>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/per_process.h"
#include "keystore/verify/internal/recent_set.h"

namespace keystore::verify {
namespace {

/// Pairs of a certificate and its issuer's, by the SHA-256 of both.
class KnownLinks {
 public:
  bool contains(const Bytes& link) {
    const std::lock_guard lock(mutex_);
    return links_.find(link) != nullptr;
  }

  void add(Bytes link) {
    const std::lock_guard lock(mutex_);
    links_.add(std::move(link));
  }

 private:
  static constexpr std::size_t most_in_half = 512;

  std::mutex mutex_;
  RecentSet<Bytes> links_{most_in_half};
};

constinit PerProcess<KnownLinks> known_links;

/// Certificates tell their own length, so no two pairs give the same octets.
Bytes link_of(const Member& subject, const Member& issuer) {
  Bytes both = subject.der();
  both.insert(both.end(), issuer.der().begin(), issuer.der().end());
  return hash(Digest::sha256, both);
}

/// As OpenSSL compares: times that it cannot read are never good.
bool is_valid_at(const Member& member, std::time_t at) {
  return X509_cmp_time(X509_get0_notBefore(member.x509()), &at) < 0 &&
         X509_cmp_time(X509_get0_notAfter(member.x509()), &at) > 0;
}

bool is_signed_by(const Member& subject, const Member& issuer) {
  const bool proxy = (X509_get_extension_flags(subject.x509()) & EXFLAG_PROXY) != 0;
  const bool may_sign = (X509_get_key_usage(issuer.x509()) & KU_KEY_CERT_SIGN) != 0;
  return !proxy && may_sign && issuer.key() != nullptr &&
         X509_verify(subject.x509(), issuer.key()) == 1;
}

}  // namespace

bool is_known_good(const CandidatePath& path, std::chrono::sys_seconds at) {
  const auto& members = path.members;
  if (members.size() < 3) return false;  // no link between CAs
  for (std::size_t i = 1; i + 1 < members.size(); ++i) {
    if (!known_links.get().contains(link_of(*members[i], *members[i + 1]))) return false;
  }
  const auto time = std::chrono::system_clock::to_time_t(at);
  for (const auto& member : members) {
    if (!is_valid_at(*member, time)) return false;
  }
  return is_signed_by(*members[0], *members[1]);
}

void note_accepted(const CandidatePath& path) {
  const auto& members = path.members;
  for (std::size_t i = 1; i + 1 < members.size(); ++i) {
    known_links.get().add(link_of(*members[i], *members[i + 1]));
  }
}

}  // namespace keystore::verify
