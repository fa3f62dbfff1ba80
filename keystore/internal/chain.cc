#include "keystore/internal/chain.h"

#include <algorithm>

#include "keystore/internal/certificate_parsed.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore {
namespace {

const Certificate* find_issuer(const Certificate& certificate,
                               std::span<const Certificate> candidates) {
  const auto issuer = std::ranges::find_if(candidates, [&](const Certificate& candidate) {
    return !candidate.self_issued() && is_issued_by(certificate, candidate);
  });
  return issuer == candidates.end() ? nullptr : &*issuer;
}

}  // namespace

bool is_issued_by(const Certificate& certificate, const Certificate& issuer) {
  if (certificate.issuer_der() != issuer.subject_der()) return false;
  const auto key = issuer.public_key();
  if (!key) return false;
  const OpensslErrorMark mark;
  const auto x509 = x509_of(certificate);
  return x509 != nullptr && X509_verify(x509.get(), pkey_of(*key)) == 1;
}

std::vector<Certificate> build_chain(const Certificate& leaf,
                                     std::span<const Certificate> candidates) {
  std::vector<Certificate> chain;
  const auto* issuer = leaf.self_issued() ? nullptr : find_issuer(leaf, candidates);
  while (issuer != nullptr && *issuer != leaf && std::ranges::find(chain, *issuer) == chain.end()) {
    chain.push_back(*issuer);
    issuer = find_issuer(chain.back(), candidates);
  }
  return chain;
}

}  // namespace keystore
