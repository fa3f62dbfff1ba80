// Rules about how extensions are encoded and marked.
#include <openssl/x509v3.h>

#include <algorithm>

#include "keystore/internal/der.h"
#include "keystore/verify/internal/der_check.h"
#include "keystore/verify/internal/rules.h"

namespace keystore::verify {
namespace {

enum class Critical { must, must_not, either };

struct CriticalityRow {
  int nid;
  Critical critical;
  bool webpki;  ///< also where public CAs were allowed otherwise
};

constexpr CriticalityRow criticality[] = {
    {NID_authority_key_identifier, Critical::must_not, true},      // 4.2.1.1
    {NID_subject_key_identifier, Critical::must_not, true},        // 4.2.1.2
    {NID_name_constraints, Critical::must, false},                 // 4.2.1.10
    {NID_subject_directory_attributes, Critical::must_not, true},  // 4.2.1.8
    {NID_freshest_crl, Critical::must_not, true},                  // 4.2.1.15
    {NID_info_access, Critical::must_not, true},                   // 4.2.2.1
    {NID_sinfo_access, Critical::must_not, true},                  // 4.2.2.2
};

bool is_empty_sequence(const Extension& extension) {
  const auto content = der_content(extension.value, der_tag::sequence);
  return content && content->empty();
}

/// Sequences that must hold something.
constexpr int never_empty[] = {
    NID_subject_alt_name,     NID_issuer_alt_name,  NID_ext_key_usage,
    NID_certificate_policies, NID_policy_mappings,  NID_policy_constraints,
    NID_info_access,          NID_sinfo_access,     NID_crl_distribution_points,
    NID_name_constraints,     NID_sbgp_ipAddrBlock, NID_sbgp_autonomousSysNum,
};

/// A mask of ones followed by zeros.
bool is_contiguous(BytesView mask) {
  bool ended = false;
  for (const auto octet : mask) {
    for (int bit = 7; bit >= 0; --bit) {
      const bool one = ((octet >> bit) & 1) != 0;
      if (one && ended) return false;
      ended = ended || !one;
    }
  }
  return true;
}

Refusal constraints_refused(const GENERAL_SUBTREE& subtree) {
  if (subtree.minimum != nullptr && ASN1_INTEGER_get(subtree.minimum) != 0) {
    return "a name constraint has a minimum";
  }
  if (subtree.maximum != nullptr) return "a name constraint has a maximum";
  const auto* base = subtree.base;
  if (base->type == GEN_IPADD) {
    const BytesView range(ASN1_STRING_get0_data(base->d.iPAddress),
                          static_cast<std::size_t>(ASN1_STRING_length(base->d.iPAddress)));
    if (range.size() != 8 && range.size() != 32) return "an address range is malformed";
    if (!is_contiguous(range.subspan(range.size() / 2))) return "an address mask has holes";
  }
  const bool text = base->type == GEN_EMAIL || base->type == GEN_URI;
  if (text && ASN1_STRING_length(base->d.ia5) == 0) return "a name constraint is empty";
  return {};
}

Refusal subtrees_refused(const STACK_OF(GENERAL_SUBTREE) * subtrees, bool permitted) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    const auto* base = sk_GENERAL_SUBTREE_value(subtrees, i)->base;
    // Excluded, the empty name stands for all of them (BR 7.1.2.5.2).
    if (permitted && base->type == GEN_DNS && ASN1_STRING_length(base->d.dNSName) == 0) {
      return "a permitted DNS name is empty";
    }
    if (auto refusal = constraints_refused(*sk_GENERAL_SUBTREE_value(subtrees, i))) return refusal;
  }
  return {};
}

Refusal name_constraints_refused(const RuleSubject& subject) {
  if (subject.member.extension(NID_name_constraints) == nullptr) return {};
  const auto* constraints = subject.member.value_of<NAME_CONSTRAINTS>(NID_name_constraints);
  if (constraints == nullptr) return "the name constraints are malformed";
  if (sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) <= 0 &&
      sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees) <= 0) {
    return "the name constraints are empty";
  }
  if (X509_check_ca(subject.member.x509()) == 0) return "name constraints are for CAs only";
  if (auto refusal = subtrees_refused(constraints->permittedSubtrees, true)) return refusal;
  return subtrees_refused(constraints->excludedSubtrees, false);
}

}  // namespace

Refusal extension_encodings(const RuleSubject& subject) {
  const auto& extensions = subject.member.extensions();
  for (auto extension = extensions.begin(); extension != extensions.end(); ++extension) {
    const auto refuse = [&](const char* why) {
      return "the extension " + oid_text(extension->object) + why;
    };
    const bool twice = std::any_of(extensions.begin(), extension, [&](const Extension& before) {
      return OBJ_cmp(before.object, extension->object) == 0;
    });
    if (twice) return refuse(" is there twice");
    if (!extension->readable) return refuse(" is malformed");
    if (extension->known && !is_der(extension->value)) return refuse(" is not DER");
    if (std::ranges::find(never_empty, extension->nid) != std::end(never_empty) &&
        is_empty_sequence(*extension)) {
      return refuse(" is empty");
    }
  }
  return name_constraints_refused(subject);
}

Refusal extension_criticality(const RuleSubject& subject) {
  for (const auto& row : criticality) {
    if (!row.webpki && subject.profile == Profile::webpki) continue;
    const auto* extension = subject.member.extension(row.nid);
    if (extension == nullptr) continue;
    if (row.critical == Critical::must && !extension->critical) {
      return std::string(OBJ_nid2ln(row.nid)) + " must be critical";
    }
    if (row.critical == Critical::must_not && extension->critical) {
      return std::string(OBJ_nid2ln(row.nid)) + " must not be critical";
    }
  }
  return {};
}

Refusal policies_encoding(const RuleSubject& subject) {
  const auto* extension = subject.member.extension(NID_certificate_policies);
  if (extension == nullptr) return {};
  const auto* policies = subject.member.value_of<CERTIFICATEPOLICIES>(NID_certificate_policies);
  if (policies == nullptr) return "the policies are malformed";
  for (int i = 0; i < sk_POLICYINFO_num(policies); ++i) {
    const auto* policy = sk_POLICYINFO_value(policies, i);
    for (int other = 0; other < i; ++other) {
      if (OBJ_cmp(policy->policyid, sk_POLICYINFO_value(policies, other)->policyid) == 0) {
        return "a policy is named twice";
      }
    }
    for (int q = 0; extension->critical && q < sk_POLICYQUALINFO_num(policy->qualifiers); ++q) {
      const int qualifier = OBJ_obj2nid(sk_POLICYQUALINFO_value(policy->qualifiers, q)->pqualid);
      if (qualifier != NID_id_qt_cps && qualifier != NID_id_qt_unotice) {
        return "an unknown qualifier of a critical policy";
      }
    }
  }
  return {};
}

}  // namespace keystore::verify
