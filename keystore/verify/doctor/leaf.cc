#include "keystore/verify/doctor/leaf.h"

#include <fmt/format.h>

#include <algorithm>

#include "keystore/internal/chain.h"
#include "keystore/verify/doctor/keys.h"
#include "keystore/verify/doctor/report.h"
#include "keystore/verify/doctor/uses.h"

namespace keystore::verify::doctor {
namespace {

std::vector<const FoundKey*> keys_for(const Case& all, const Certificate& certificate);
bool issued_another(const Certificate& issuer, const std::vector<Certificate>& certificates);
void judge_lone_keys(Case& all, const std::vector<Leaf>& leaves);

}  // namespace

std::vector<Leaf> leaves_of(const Case& all) {
  const auto certificates = certificates_of(all);
  std::vector<Leaf> leaves;
  std::vector<Leaf> rest;
  for (std::size_t target = 0; target < all.targets.size(); ++target) {
    for (const auto& found : all.targets[target].evidence.certificates) {
      const auto known = [&](const Leaf& other) { return other.certificate == found.certificate; };
      if (std::ranges::any_of(leaves, known) || std::ranges::any_of(rest, known)) continue;
      Leaf leaf{found.certificate, std::make_shared<const Member>(found.certificate), target,
                keys_for(all, found.certificate)};
      const bool shown = !leaf.keys.empty() || (!is_bare_ca(leaf.certificate) &&
                                                !issued_another(leaf.certificate, certificates));
      (shown ? leaves : rest).push_back(std::move(leaf));
    }
  }
  if (leaves.empty()) {
    const auto first = std::ranges::find_if(
        rest, [&](const Leaf& leaf) { return !issued_another(leaf.certificate, certificates); });
    if (first != rest.end()) leaves.push_back(*first);
  }
  return leaves;
}

void judge_match(Case& all, const std::vector<Leaf>& leaves) {
  std::vector<const FoundKey*> lone;
  bool unknown = false;
  for (const auto& target : all.targets) {
    for (const auto& key : target.evidence.keys) {
      unknown |= !key.public_key.has_value();
      const bool used = std::ranges::any_of(
          leaves, [&](const Leaf& leaf) { return key.is_for(leaf.certificate); });
      if (!used && key.public_key) lone.push_back(&key);
    }
  }
  for (const auto& leaf : leaves) {
    // A key that cannot be read may be the one: that it cannot is told already.
    if (!leaf.keys.empty() || (unknown && lone.empty())) continue;
    auto& report = all.targets[leaf.target].report;
    const auto subject = leaf.certificate.subject();
    if (!lone.empty()) {
      add(report, Code::key_mismatch,
          fmt::format("the certificate of '{}' is not for key {}", subject,
                      lone.front()->entry.uri.canonical()),
          {"find the key that the certificate was requested with, or request a certificate for "
           "this key (keystore csr)"});
    } else if (!is_bare_ca(leaf.certificate)) {
      add(report, Code::key_missing,
          fmt::format("there is no private key for the certificate of '{}'", subject),
          {"name the file or token with its key as another target; where the key is lost, make a "
           "new one (keystore new) and have a certificate issued for it (keystore csr)"});
    }
  }
  judge_lone_keys(all, leaves);
}

std::vector<Certificate> certificates_of(const Case& all) {
  std::vector<Certificate> once;
  for (const auto& target : all.targets) {
    for (const auto& found : target.evidence.certificates) {
      if (std::ranges::find(once, found.certificate) == once.end()) {
        once.push_back(found.certificate);
      }
    }
  }
  return once;
}

bool is_bare_ca(const Certificate& certificate) {
  return certificate.is_ca() && !names_a_host(certificate);
}

namespace {

/// Those that a certificate speaks for are judged with it.
void judge_lone_keys(Case& all, const std::vector<Leaf>& leaves) {
  for (auto& target : all.targets) {
    for (const auto& key : target.evidence.keys) {
      const bool used = std::ranges::any_of(
          leaves, [&](const Leaf& leaf) { return key.is_for(leaf.certificate); });
      if (used || !key.public_key) continue;
      judge_strength(*key.public_key, "key " + key.entry.uri.canonical(), target.report);
    }
  }
}

std::vector<const FoundKey*> keys_for(const Case& all, const Certificate& certificate) {
  std::vector<const FoundKey*> keys;
  for (const auto& target : all.targets) {
    for (const auto& key : target.evidence.keys) {
      if (key.is_for(certificate)) keys.push_back(&key);
    }
  }
  return keys;
}

bool issued_another(const Certificate& issuer, const std::vector<Certificate>& certificates) {
  return std::ranges::any_of(certificates, [&](const Certificate& other) {
    return other != issuer && is_issued_by(other, issuer);
  });
}

}  // namespace
}  // namespace keystore::verify::doctor
