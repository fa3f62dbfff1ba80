#include "keystore/verify/doctor/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "keystore/internal/chain.h"
#include "keystore/verify/doctor/report.h"

namespace keystore::verify::doctor {
namespace {

Bytes key_id_of(const Member& member);

}  // namespace

void judge_order(const Certificate& leaf, std::span<const Certificate> sent,
                 const std::string& where, const Fix& fix, TargetReport& report) {
  const auto own = std::ranges::find(sent, leaf);
  if (own != sent.end() && own != sent.begin()) {
    add(report, Code::chain_order,
        fmt::format("in {}, the certificate of '{}' does not stand first", where, leaf.subject()),
        fix, Severity::error);
    return;
  }
  // The root is nobody's need, and does no harm.
  std::vector<Certificate> issuers;
  for (const auto& each : sent) {
    if (each != leaf && !each.self_issued()) issuers.push_back(each);
  }
  const auto right = build_chain(leaf, issuers);
  if (right.empty() || std::ranges::equal(issuers, right)) return;
  const auto stray = std::ranges::find_if(issuers, [&](const Certificate& each) {
    return std::ranges::find(right, each) == right.end();
  });
  add(report, Code::chain_order,
      stray == issuers.end()
          ? fmt::format("in {}, the chain of '{}' is not in order: '{}' belongs where '{}' is",
                        where, leaf.subject(), right.front().subject(), issuers.front().subject())
          : fmt::format("in {}, the certificate of '{}' does not belong to the chain of '{}'",
                        where, stray->subject(), leaf.subject()),
      fix);
}

void judge_files(Case& all, const std::vector<Leaf>& leaves) {
  for (auto& target : all.targets) {
    std::map<std::string, std::vector<Certificate>> files;
    for (const auto& found : target.evidence.certificates) {
      if (found.ordered && !found.file.empty()) files[found.file].push_back(found.certificate);
    }
    for (const auto& [file, sent] : files) {
      const auto here = [&](const Leaf& leaf) {
        return std::ranges::find(sent, leaf.certificate) != sent.end();
      };
      // Of several leaves in a file nobody knows which chain comes first.
      const auto in_file = std::ranges::count_if(leaves, here);
      const auto leaf = in_file == 1 ? std::ranges::find_if(leaves, here) : leaves.begin();
      if (in_file > 1 || leaf == leaves.end() || (in_file == 0 && leaves.size() > 1)) continue;
      if (is_bare_ca(leaf->certificate) && leaf->keys.empty()) continue;  // a bundle of CAs
      const Fix fix{"write the leaf first, then its issuers, each behind the one that it certified",
                    rewrite_command(file, target.evidence)};
      judge_order(leaf->certificate, sent, file, fix, target.report);
    }
  }
}

void judge_key_ids(std::span<const Certificate> certificates, TargetReport& report) {
  std::map<Bytes, Certificate> known;
  for (const auto& each : certificates) {
    const auto id = key_id_of(Member(each));
    if (id.empty()) continue;
    const auto [other, fresh] = known.try_emplace(id, each);
    const auto key = each.public_key();
    const auto other_key = other->second.public_key();
    if (fresh || !key || !other_key || *key == *other_key) continue;
    add(report, Code::chain_duplicate_key_ids,
        fmt::format("'{}' and '{}' have different keys and the same key identifier {}",
                    other->second.subject(), each.subject(), to_hex(id)),
        {"have one of them issued anew with the identifier of its own key (subjectKeyIdentifier = "
         "hash)"});
  }
}

namespace {

Bytes key_id_of(const Member& member) {
  const auto* id = X509_get0_subject_key_id(member.x509());
  if (id == nullptr) return {};
  const auto* data = ASN1_STRING_get0_data(id);
  return {data, data + ASN1_STRING_length(id)};
}

}  // namespace
}  // namespace keystore::verify::doctor
