#include "keystore/verify/internal/rules.h"

#include "keystore/internal/openssl_error.h"

namespace keystore::verify {
namespace {

enum class Scope { issued, every };

/// Certificates that a rule looks at: all but the anchor, or all.
struct CertificateRule {
  const char* name;
  Scope scope;
  Refusal (*check)(const RuleSubject&);
};

constexpr CertificateRule certificate_rules[] = {
    {"version and serial number (RFC 5280, 4.1.2)", Scope::issued, version_and_serial},
    {"name encoding (RFC 5280, 4.1.2.4)", Scope::issued, subject_name_encoding},
    {"extension encoding (RFC 5280, 4.2)", Scope::every, extension_encodings},
    {"extension criticality (RFC 5280, 4.2)", Scope::every, extension_criticality},
    {"alternative names (RFC 5280, 4.2.1.6)", Scope::issued, alternative_name_syntax},
    {"policies (RFC 5280, 4.2.1.4)", Scope::every, policies_encoding},
};

struct PathRule {
  const char* name;
  bool webpki_only;
  Refusal (*check)(const PathQuestion&);
};

constexpr PathRule path_rules[] = {
    {"anchor", false, anchor_kind},
    {"anchor", false, distrust_after},
    {"weak key or hash", false, weak_cryptography},
    {"path length", false, depth_of_path},
    {"key identifiers (RFC 5280, 4.2.1.1)", false, key_identifiers},
    {"purpose (RFC 5280, 4.2.1.12)", false, purpose_of_path},
    {"names (RFC 9525)", false, names_asked_for},
    {"name constraints (RFC 5280, 4.2.1.10)", false, name_constraints},
    {"revocation list (RFC 5280, 5)", false, crl_encodings},
    {"revocation", false, revoked_by_ocsp},
    {"web PKI", true, webpki_path},
};

bool applies(const CertificateRule& rule, const PathQuestion& input, std::size_t at) {
  const bool anchor = at + 1 == input.path.members.size() && at != 0;
  switch (rule.scope) {
    case Scope::issued:
      return !anchor;
    case Scope::every:
      return true;
  }
  return true;
}

}  // namespace

Refusal refused_by_rules(const PathQuestion& input) {
  const OpensslErrorMark mark;
  const auto& members = input.path.members;
  for (std::size_t at = 0; at < members.size(); ++at) {
    const bool anchor = at + 1 == members.size();
    for (const auto& rule : certificate_rules) {
      if (!applies(rule, input, at)) continue;
      const auto refusal = rule.check({*members[at], at == 0, anchor, input.options.profile});
      if (refusal)
        return std::string(rule.name) + ": " + *refusal + " ('" + members[at]->subject() + "')";
    }
  }
  for (const auto& rule : path_rules) {
    if (rule.webpki_only && input.options.profile != Profile::webpki) continue;
    if (const auto refusal = rule.check(input)) return std::string(rule.name) + ": " + *refusal;
  }
  return {};
}

}  // namespace keystore::verify
