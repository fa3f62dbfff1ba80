// What Botan 2.19 does not implement, so that its refusal says nothing.
#include <algorithm>
#include <array>

#include "keystore/verify/internal/second_opinion.h"

namespace keystore::verify {
namespace {

struct ExtensionRow {
  int nid;
  const char* name;
};

constexpr std::array not_implemented = {
    ExtensionRow{NID_policy_constraints, "policy constraints"},
    ExtensionRow{NID_policy_mappings, "policy mappings"},
    ExtensionRow{NID_inhibit_any_policy, "inhibitAnyPolicy"},
    ExtensionRow{NID_freshest_crl, "delta CRLs"},
};

bool has_other_form(const STACK_OF(GENERAL_SUBTREE) * subtrees) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    const int form = sk_GENERAL_SUBTREE_value(subtrees, i)->base->type;
    if (form != GEN_DNS && form != GEN_DIRNAME && form != GEN_IPADD) return true;
  }
  return false;
}

/// Constraints of mailboxes, URIs and other names.
bool has_other_constraints(const Member& member) {
  const auto* constraints = member.value_of<NAME_CONSTRAINTS>(NID_name_constraints);
  return constraints != nullptr && (has_other_form(constraints->permittedSubtrees) ||
                                    has_other_form(constraints->excludedSubtrees));
}

bool asks_for_policies(const VerifyOptions& options) {
  constexpr auto any_policy = "2.5.29.32.0";
  return std::ranges::any_of(options.policies, [](const auto& oid) { return oid != any_policy; }) ||
         options.explicit_policy || options.inhibit_any_policy || options.inhibit_policy_mapping;
}

bool is_partial(const X509CrlPtr& crl) {
  return X509_CRL_get_ext_by_NID(crl.get(), NID_delta_crl, -1) >= 0 ||
         X509_CRL_get_ext_by_NID(crl.get(), NID_issuing_distribution_point, -1) >= 0;
}

}  // namespace

std::string beyond_botan(const PathQuestion& question) {
  const auto& members = question.path.members;
  if (members.size() == 1) return "a certificate that is an anchor itself";
  if (!question.path.anchor().self_issued()) return "partial chains";
  if (asks_for_policies(question.options)) return "policies";
  if (question.options.crl_check != CrlCheck::none &&
      std::ranges::any_of(question.crls, is_partial)) {
    return "delta, indirect or partial CRLs";
  }
  for (const auto& member : members) {
    for (const auto& row : not_implemented) {
      if (member->extension(row.nid) != nullptr) return row.name;
    }
    if (has_other_constraints(*member))
      return "name constraints other than DNS, address and directory names";
  }
  return {};
}

}  // namespace keystore::verify
