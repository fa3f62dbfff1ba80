// Rules about what was asked: names, purposes, length and end of the path.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <functional>

#include "keystore/verify/internal/names.h"
#include "keystore/verify/internal/rules.h"

namespace keystore::verify {
namespace {

/// What the purpose asks of certificates; OpenSSL's purposes look at the key usage as well.
struct Use {
  int nid;
  std::uint32_t key_usage;  ///< one of these bits, where the target has a key usage
  bool required;            ///< the target must name the use
};

std::optional<Use> use_of(Purpose purpose) {
  switch (purpose) {
    case Purpose::any:
      return {};
    case Purpose::server:
      return Use{NID_server_auth, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT,
                 false};
    case Purpose::client:
      return Use{NID_client_auth, KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT, false};
    case Purpose::email:
      return Use{NID_email_protect,
                 KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT,
                 false};
    case Purpose::code:
      return Use{NID_code_sign, KU_DIGITAL_SIGNATURE, true};
    case Purpose::time_stamping:
      return Use{NID_time_stamp, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, true};
    case Purpose::ocsp:
      return Use{NID_OCSP_sign, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, true};
  }
  return {};
}

/// Whether the extended key usage allows the use; empty where there is none.
std::optional<bool> allows(const Member& member, int use) {
  if (member.extension(NID_ext_key_usage) == nullptr) return {};
  const auto* uses = member.value_of<EXTENDED_KEY_USAGE>(NID_ext_key_usage);
  for (int i = 0; i < sk_ASN1_OBJECT_num(uses); ++i) {
    const int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(uses, i));
    if (nid == use || nid == NID_anyExtendedKeyUsage) return true;
  }
  return false;
}

bool any_name(const Member& member, const std::function<bool(const GENERAL_NAME&)>& matches) {
  const auto* names = alternative_names(member);
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    if (matches(*sk_GENERAL_NAME_value(names, i))) return true;
  }
  return false;
}

bool is_for_host(const Member& member, const std::string& host) {
  return any_name(member, [&](const GENERAL_NAME& name) {
    return name.type == GEN_DNS && is_dns_name(text_of(name.d.dNSName), true) &&
           dns_name_matches(text_of(name.d.dNSName), host);
  });
}

bool is_for_address(const Member& member, const std::string& address) {
  std::array<unsigned char, 16> octets = {};
  std::size_t size = 4;
  if (inet_pton(AF_INET, address.c_str(), octets.data()) != 1) {
    size = 16;
    if (inet_pton(AF_INET6, address.c_str(), octets.data()) != 1) return false;
  }
  const std::string_view wanted(reinterpret_cast<const char*>(octets.data()), size);
  return any_name(member, [&](const GENERAL_NAME& name) {
    return name.type == GEN_IPADD && text_of(name.d.iPAddress) == wanted;
  });
}

/// The local part counts letter by letter, the domain without case (RFC 5280, 7.5).
bool is_same_mailbox(std::string_view a, std::string_view b) {
  const auto at = a.rfind('@');
  return at != std::string_view::npos && at == b.rfind('@') && a.substr(0, at) == b.substr(0, at) &&
         lower(a.substr(at)) == lower(b.substr(at));
}

bool is_for_mailbox(const Member& member, const std::string& mailbox) {
  return any_name(member, [&](const GENERAL_NAME& name) {
    if (name.type == GEN_EMAIL) return is_same_mailbox(text_of(name.d.rfc822Name), mailbox);
    const auto utf8 = smtp_utf8_mailbox(name);
    return utf8 && is_same_mailbox(*utf8, mailbox);
  });
}

}  // namespace

Refusal names_asked_for(const PathQuestion& input) {
  const auto& options = input.options;
  const auto& target = input.path.target();
  if (!options.host.empty() && !is_for_host(target, options.host)) {
    return "the certificate is not for the host '" + options.host + "'";
  }
  if (!options.ip.empty() && !is_for_address(target, options.ip)) {
    return "the certificate is not for the address '" + options.ip + "'";
  }
  if (!options.email.empty() && !is_for_mailbox(target, options.email)) {
    return "the certificate is not for the mailbox '" + options.email + "'";
  }
  return {};
}

Refusal purpose_of_path(const PathQuestion& input) {
  const auto use = use_of(input.purpose);
  if (!use) return {};
  const auto& members = input.path.members;
  for (std::size_t at = 0; at < members.size(); ++at) {
    const bool root = at + 1 == members.size() && members[at]->self_issued();
    const auto allowed = allows(*members[at], use->nid);
    if (at == 0 && use->required && !allowed) return "the certificate does not name the use";
    // A trust setting of the store outweighs what the certificate says (as in OpenSSL).
    const bool settled = input.path.from_trust[at] && members[at]->has_trust_settings();
    if (allowed == false && !settled && !(root && at != 0)) {
      return "the extended key usage of '" + members[at]->subject() + "' does not allow it";
    }
  }
  const auto usage = X509_get_key_usage(members.front()->x509());
  if ((usage & use->key_usage) == 0) return "the key usage does not allow it";
  return {};
}

Refusal depth_of_path(const PathQuestion& input) {
  if (!input.options.depth) return {};
  const auto& members = input.path.members;
  std::size_t intermediates = 0;
  for (std::size_t at = 1; at + 1 < members.size(); ++at) {
    if (!members[at]->self_issued()) ++intermediates;
  }
  if (intermediates <= *input.options.depth) return {};
  return "more intermediates than the depth allows";
}

Refusal key_identifiers(const PathQuestion& input) {
  const auto& members = input.path.members;
  const bool all = input.options.profile == Profile::webpki;
  const bool tls = input.purpose == Purpose::server || input.purpose == Purpose::client;
  for (std::size_t at = 0; at < members.size(); ++at) {
    const auto& member = *members[at];
    const bool ca = X509_check_ca(member.x509()) == 1;
    const auto* authority = X509_get0_authority_key_id(member.x509());
    if (all && ca && X509_get0_subject_key_id(member.x509()) == nullptr) {
      return "the CA '" + member.subject() + "' has no subject key identifier";
    }
    // TLS programs that check strictly (Python since 3.13) refuse such a CA as well.
    const bool wanted = all || (tls && ca);
    if (wanted && authority == nullptr && !member.self_issued()) {
      return "'" + member.subject() + "' has no authority key identifier";
    }
    const bool issued = at + 1 < members.size();
    if (issued && authority != nullptr &&
        X509_get0_subject_key_id(members[at + 1]->x509()) == nullptr) {
      return "'" + member.subject() + "' names a key identifier that its issuer does not have";
    }
  }
  return {};
}

Refusal anchor_kind(const PathQuestion& input) {
  const auto& anchor = input.path.anchor();
  constexpr long version_3 = 2;
  const bool issuer = input.path.members.size() > 1;
  if (input.options.partial_chain && issuer && X509_get_version(anchor.x509()) == version_3 &&
      anchor.extension(NID_basic_constraints) == nullptr) {
    return "the anchor '" + anchor.subject() + "' is not said to be a CA's";
  }
  if (anchor.self_issued() || input.options.partial_chain || anchor.has_trust_settings()) return {};
  return "the path ends at '" + anchor.subject() +
         "', which is not a root; partial chains allow it";
}

/// NSS: what the anchor issued, or let be issued, after a time is not trusted for the purpose.
Refusal distrust_after(const PathQuestion& input) {
  const auto& members = input.path.members;
  for (std::size_t at = 1; at < members.size(); ++at) {
    if (!input.path.from_trust[at]) continue;
    const auto& times = members[at]->settings().distrust_after;
    const auto time = times.find(input.purpose);
    if (time != times.end() && input.path.target().certificate().not_before() > time->second) {
      return "the certificate is from a time after '" + members[at]->subject() +
             "' stopped being trusted for this purpose";
    }
  }
  return {};
}

}  // namespace keystore::verify
