#pragma once

#include <optional>
#include <vector>

#include "keystore/verify/doctor/evidence.h"
#include "keystore/verify/internal/member.h"

namespace keystore::verify::doctor {

/// What all subjects of a check share.
struct Case {
  std::vector<Target> targets = {};
  const CheckOptions& options;
  const Trust& trust;
  std::chrono::sys_seconds at = {};
};

/// A certificate that somebody shows as his own.
struct Leaf {
  Certificate certificate;
  MemberPtr member = {};
  std::size_t target = 0;                  ///< where it was found first
  std::vector<const FoundKey*> keys = {};  ///< that are for it; borrowed from the case
};

/// The leaves among everything that the targets show: what a key there is for, and what certified
/// no other of them and is no bare CA; where there is none, the first.
std::vector<Leaf> leaves_of(const Case& all);

/// Whether every leaf has its key and every key its leaf.
void judge_match(Case& all, const std::vector<Leaf>& leaves);

/// Whether it is a CA's and no server's: self-signed certificates of servers often say CA, too.
bool is_bare_ca(const Certificate& certificate);

/// Every certificate of the targets, each once.
std::vector<Certificate> certificates_of(const Case& all);

}  // namespace keystore::verify::doctor
