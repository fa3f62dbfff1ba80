#include "keystore/verify/internal/known_links.h"

#include <mutex>
#include <set>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/per_process.h"

namespace keystore::verify {
namespace {

/// Pairs of a certificate and its issuer's, by the SHA-256 of both. The older half is dropped when
/// the newer one is full; what is asked for moves to the newer one.
class KnownLinks {
 public:
  bool contains(const Bytes& link) {
    const std::lock_guard lock(mutex_);
    if (newer_.contains(link)) return true;
    if (!older_.contains(link)) return false;
    put(link);
    return true;
  }

  void add(const Bytes& link) {
    const std::lock_guard lock(mutex_);
    put(link);
  }

 private:
  static constexpr std::size_t most_in_half = 512;

  void put(const Bytes& link) {
    if (newer_.size() == most_in_half) {
      older_ = std::move(newer_);
      newer_.clear();
    }
    newer_.insert(link);
  }

  std::mutex mutex_;
  std::set<Bytes> newer_;
  std::set<Bytes> older_;
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
